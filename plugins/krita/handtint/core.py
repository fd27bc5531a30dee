"""The plug-in's one centre: what runs, what is known, and who is told.

Menu entries and dockers call it and show what it holds; it knows no widgets.  There is one
for the whole program, as the server and the settings are the same in every window.
"""

from __future__ import annotations

from typing import Any, Callable

from krita import Krita, ManagedColor

from .client import ClientError, Session, Setting, places
from .commands import Outcome, Seen, colorize
from .driver import Job, SideJobs
from .follower import Follower
from .memory import Memory
from .network import Network
from .nodes import HINTS_NAME, alive, photo_of, uid
from .overlay import hide_overlay, show_overlay
from .photos import Dropped
from .qt import QtCore, QtGui, safely, timer
from .results import choose_brush, gray_to_rgb
from .settings import Settings, load, save
from .spaces import SRGB_8, new_layer
from .state import ServerState, ServerView, look, view_of_error

LOOK_MS = 3000


class Core:
    """See the module's docstring.  Attributes are for reading; calls change them.

    server: what is known about the server.  progress: (text, 0..1) or None.  message: the last
    error with its remedy, or a note, or "".  follower: watches the active photo's hints.
    """

    def __init__(self) -> None:
        self.network = Network()
        self.settings: Settings = load()
        self.seen = Seen()
        self.server = ServerView(ServerState.UNKNOWN)
        self._default_vividness = 0.5
        self.progress: tuple[str, float] | None = None
        self.message = ""
        self.message_is_error = False
        self.ask_about_gray: Callable[[Callable[[bool], None]], None] | None = None
        self.side_jobs = SideJobs(self.network)
        self._listeners: list[Callable[[], None]] = []
        self._session: Session | None = None
        self._job: Job | None = None
        self.follower = Follower(self)
        self._look_timer = timer(LOOK_MS, self.look_at_server)

    # --- who is told -----------------------------------------------------------------------

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every change; the first one sets everything going."""
        self._listeners.append(listener)
        if not self._look_timer.isActive():
            self.follower.start()
            self._look_timer.start()
            QtCore.QTimer.singleShot(0, safely(self.look_at_server))

    def tell(self) -> None:
        """Call all listeners.

        A listener whose window is gone raises RuntimeError and is dropped: a slot for the
        signal `destroyed` would be called when Krita has ended Python already.
        """
        for listener in list(self._listeners):
            try:
                listener()
            except RuntimeError:
                self._listeners.remove(listener)

    def say(self, text: str, error: bool = False) -> None:
        """Show a message: in the docker, and over the picture, which no one has to close."""
        self.message, self.message_is_error = text, error
        window = Krita.instance().activeWindow()
        view = window.activeView() if window is not None else None
        if text and view is not None:
            view.showFloatingMessage(text, QtGui.QIcon(), 8000 if error else 4000, 1)
        self.tell()

    # --- server ----------------------------------------------------------------------------

    def session(self) -> Session:
        """The way to the server.  Raises BadSetting."""
        if self._session is None:
            self._session = Session("krita")
        return self._session

    def server_setting(self) -> Setting:
        """The user's server setting; the automatic one if it cannot be read."""
        try:
            return places.read_setting(places.data_folder())
        except ClientError:
            return Setting()

    def set_server(self, setting: Setting) -> None:
        """Keep another server setting and use it from now on.  Raises BadSetting."""
        if not setting.automatic:
            setting.endpoint()
        places.write_setting(places.data_folder(), setting)
        self._session = None
        self.seen = Seen()
        self.server = ServerView(ServerState.UNKNOWN)
        self.look_at_server()

    def look_at_server(self) -> None:
        """Find out what the server is doing, unless something runs that will tell."""
        if self.running or self.side_jobs.runs("look") or self.follower.brush.is_down:
            return
        try:
            flow = look(self.session())
        except ClientError as error:
            self._set_server(view_of_error(error))
            return
        self.side_jobs.run("look", flow, self._set_server, lambda error: None)

    @property
    def vividness(self) -> float:
        """The one in use: the user's, else the server's default."""
        chosen = self.settings.vividness
        return self._default_vividness if chosen is None else chosen

    def _set_server(self, view: ServerView) -> None:
        if view.vividness is not None:
            self._default_vividness = view.vividness
        if view != self.server:
            self.server = view
            self.tell()

    # --- jobs ------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether a command runs that Cancel would stop."""
        return self._job is not None

    def _run(self, flow: Any, done: Callable[[Any], None]) -> None:
        self.message = ""
        self.progress = ("Reading the layer", 0.0)

        def finished(value: Any) -> None:
            self._job, self.progress = None, None
            done(value)
            self.tell()
            self.look_at_server()

        def failed(error: ClientError) -> None:
            self._job, self.progress = None, None
            self.fail(error)
            self.tell()

        self._job = Job(self.network, flow, finished, failed, self._on_progress, self._on_start)
        self._job.start()
        self._set_server(ServerView(ServerState.BUSY, self.server.detail))
        self.tell()

    def _on_progress(self, text: str, fraction: float) -> None:
        if self._job is not None:
            self.progress = (text, fraction)
            self.tell()

    def _on_start(self) -> None:
        self._set_server(ServerView(ServerState.STARTING))

    def fail(self, error: ClientError) -> None:
        """Show an error, unless it is one that concerns nobody any more."""
        if isinstance(error, Dropped):
            self.look_at_server()
            return
        view = view_of_error(error)
        if view.state is ServerState.UNKNOWN:
            self.look_at_server()
        else:
            self._set_server(view)
        self.say(str(error), error=True)

    def cancel(self) -> None:
        """Stop the command; the picture stays as it was."""
        if self._job is not None:
            self._job.cancel()
            self._job, self.progress = None, None
            self.tell()
            self.look_at_server()

    # --- commands --------------------------------------------------------------------------

    def colorize(self, then: Callable[[Outcome], None] | None = None) -> None:
        """Colorize Layer, on the active layer."""
        document = Krita.instance().activeDocument()
        if document is None:
            self.say("No picture is open: open a photo and try again.", error=True)
            return
        if self._job is not None:
            self.say("Colorize Layer is at work already; Cancel in the docker stops it.")
            return
        if document.colorModel() == "GRAYA":
            self._colorize_gray(document, then)
            return
        node, settings = document.activeNode(), self.settings

        def done(outcome: Outcome) -> None:
            self.follower.note_result(outcome, settings)
            self.say(outcome.note)
            if then is not None:
                then(outcome)

        self.follower.stop_live()
        try:
            session = self.session()
        except ClientError as error:
            self.fail(error)
            return
        self._run(colorize(document, node, session, settings, self.seen), done)

    def _colorize_gray(self, document: Any, then: Callable[[Outcome], None] | None) -> None:
        def answered(yes: bool) -> None:
            if not yes or not alive(document):
                if not yes:
                    self.say("A gray picture cannot hold color: it was left as it is.")
                return
            if not gray_to_rgb(document):
                self.say("Krita could not convert the picture to RGB.", error=True)
                return
            self.colorize(then)

        if self.settings.convert_gray == "always":
            answered(True)
        elif self.settings.convert_gray == "never":
            self.say(
                "This picture is gray and cannot hold color. Convert it with Image > Convert "
                "Image Color Space, or allow it in Colorize Layer with Options.",
                error=True,
            )
        elif self.ask_about_gray is not None:
            self.ask_about_gray(answered)

    def new_hints(self) -> None:
        """New Color Hints Layer: on top, bound to the active photo, with the brush chosen."""
        document = Krita.instance().activeDocument()
        if document is None:
            self.say("No picture is open: open a photo and try again.", error=True)
            return
        try:
            photo = photo_of(document, document.activeNode(), Memory(document))
            layer = new_layer(HINTS_NAME, SRGB_8)
        except ClientError as error:
            self.say(str(error), error=True)
            return
        document.rootNode().addChildNode(layer, None)
        Memory(document).bind_hints(uid(layer), uid(photo))
        document.setActiveNode(layer)
        choose_brush()
        self.say("Paint the colors that you know; lightness does not matter.")

    def show_where_hints_help(self, on: bool) -> None:
        """Show or hide the overlay of the active photo."""
        document = Krita.instance().activeDocument()
        if document is None:
            return
        try:
            photo = photo_of(document, document.activeNode(), Memory(document))
            if not on:
                hide_overlay(document, photo)
                self.tell()
                return
            if self._job is None:
                flow = show_overlay(document, photo, self.session(), self.settings, self.seen)
                self._run(flow, lambda _: None)
        except ClientError as error:
            self.fail(error)

    def choose_color(self, color: str) -> None:
        """Paint with a suggested colour from now on."""
        window = Krita.instance().activeWindow()
        view = window.activeView() if window is not None else None
        if view is None:
            return
        view.setForeGroundColor(ManagedColor.fromQColor(QtGui.QColor(color), view.canvas()))

    def set_settings(self, settings: Settings) -> None:
        """Take and keep other settings; live mode follows them."""
        if settings == self.settings:
            return
        before, self.settings = self.settings, settings
        save(settings)
        self.follower.settings_changed(before)
        self.tell()


_core: list[Core] = []


def core() -> Core:
    """The one of this program."""
    if not _core:
        _core.append(Core())
    return _core[0]
