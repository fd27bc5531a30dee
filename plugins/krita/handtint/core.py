"""The plug-in's one centre: what runs, what is known, and who is told.

Menu entries and dockers call it and show what it holds; it knows no widgets.  There is one
for the whole program, as the server and the settings are the same in every window.
"""

from __future__ import annotations

from typing import Any, Callable

from krita import Krita

from .announce import announce
from .client import ClientError, Session, Setting, places
from .client.driver import Job, SideJobs
from .client.state import ServerState, ServerView, look, view_of_error
from .commands import Outcome, Seen, colorize
from .follower import Follower
from .memory import Memory
from .network import Network
from .nodes import HINTS_NAME, alive, target, uid
from .photos import Dropped
from .qt import QtCore, safely, timer
from .questions import Questions
from .results import choose_brush, gray_to_rgb
from .settings import Settings, load, save
from .spaces import SRGB_8, new_layer
from .suggester import Suggester
from .viewer import Viewer
from .wrongplace import WrongPlace

LOOK_MS = 3000
NO_PICTURE = "No picture is open: open a photo and try again."
SELECTED = " A selection is active: you can paint only inside it."


class Core:
    """See the module's docstring.  Attributes are for reading; calls change them.

    server: what is known about the server.  progress: (text, 0..1) or None.  message: the last
    error with its remedy, or a note, or ""; command: one that it names, to be copied.
    follower: watches the active photo and its hints.  suggester: colours for a place.  viewer:
    what is shown.  questions: asks what paint is.
    """

    def __init__(self) -> None:
        self.network = Network()
        self.settings: Settings = load()
        self.seen = Seen()
        self.server = ServerView(ServerState.UNKNOWN)
        self._default_vividness = 0.5
        self.progress: tuple[str, float] | None = None
        self.message = self.command = ""
        self.message_is_error = False
        self.ask_about_gray: Callable[[Callable[[bool], None]], None] | None = None
        self.side_jobs = SideJobs(self.network)
        self._listeners: list[Callable[[], None]] = []
        self._session: Session | None = None
        self._job: Job | None = None
        self.suggester = Suggester(self)
        self.follower = Follower(self)
        self.questions = Questions(self)
        self.viewer = Viewer(self)
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

    def say(self, text: str, error: bool = False, command: str = "") -> None:
        """Show a message in the docker; at the edge of the window, where that is hidden."""
        self.message, self.message_is_error, self.command = text, error, command
        announce(text, error)
        self.tell()

    def clear_message(self) -> None:
        """The next action begins: what was said before is over."""
        if self.message:
            announce("", False)
        self.message, self.message_is_error, self.command = "", False, ""

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

    def run(self, flow: Any, done: Callable[[Any], None]) -> None:
        """Run a command, which Cancel stops; one at a time."""
        self.clear_message()
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
        self.say(str(error), error=True, command=error.command)

    def cancel(self) -> None:
        """Stop the command; the picture stays as it was."""
        self.clear_message()
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
            self.say(NO_PICTURE, error=True)
            return
        if self._job is not None or self.questions.is_open:
            self.say("Colorize Layer is at work already; Cancel in the docker stops it.")
            return
        if document.colorModel() == "GRAYA":
            self._colorize_gray(document, then)
            return
        self.follower.follow()
        node, settings = document.activeNode(), self.settings

        def done(outcome: Any) -> None:
            if isinstance(outcome, WrongPlace):
                self.questions.ask_about(document, outcome, lambda: self.colorize(then))
                return
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
        self.run(self._checked(document, node, session, settings), done)

    def _checked(self, document: Any, node: Any, session: Session, settings: Settings) -> Any:
        """Colorize, unless there is paint that has to be asked about first."""
        found = yield from self.questions.check(document, node)
        if found is not None:
            return found
        outcome = yield from colorize(document, node, session, settings, self.seen)
        self.follower.active.chosen(document, document.activeNode())
        return outcome

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
        """New Color Hints Layer: on top, bound to the active photo, with the brush chosen.

        A photo that has one gets no second: the one that is there becomes active.
        """
        self.clear_message()
        document = Krita.instance().activeDocument()
        if document is None:
            self.say(NO_PICTURE, error=True)
            return
        try:
            goal = target(document, document.activeNode())
            layer = goal.hints[-1] if goal.hints else new_layer(HINTS_NAME, SRGB_8)
        except ClientError as error:
            self.fail(error)
            return
        if goal.hints:
            text = "Paint on the hint layer that is there already."
            layer.setVisible(True)
        else:
            text = "Paint the colors that you know; lightness does not matter."
            document.rootNode().addChildNode(layer, None)
            Memory(document).bind_hints(uid(layer), uid(goal.photo))
        document.setActiveNode(layer)
        self.follower.active.chosen(document, layer)
        choose_brush()
        self.say(text + (SELECTED if document.selection() is not None else ""))

    def set_settings(self, settings: Settings) -> None:
        """Take and keep other settings; live mode follows them."""
        if settings == self.settings:
            return
        self.clear_message()
        before, self.settings = self.settings, settings
        save(settings)
        self.follower.settings_changed(before)
        self.tell()

    def keep_settings(self, settings: Settings) -> None:
        """Take and keep settings for a command that follows at once."""
        self.settings = settings
        save(settings)
        self.tell()

    def show_settings(self, settings: Settings) -> None:
        """Show the settings of a picture that has become active; nothing follows them."""
        if settings != self.settings:
            self.settings = settings
            self.tell()


_core: list[Core] = []


def core() -> Core:
    """The one of this program."""
    if not _core:
        _core.append(Core())
    return _core[0]
