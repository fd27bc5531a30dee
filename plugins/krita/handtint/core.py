"""The plug-in's one centre: what runs, what is known, and who is told.

Menu entries and dockers call it and show what it holds; it knows no widgets.  There is one
for the whole program, as the server and the settings are the same in every window.
"""

from __future__ import annotations

import time
from typing import Any, Callable

from krita import Krita, ManagedColor

from .brush import Brush, canvas_widget
from .client import ClientError, Session, Setting, Suggestion, places
from .commands import Outcome, Seen, colorize, guard, hints_on_wire, suggest
from .driver import Job
from .hintscan import Crop, HintScan
from .live import HintWatch, LiveUpdate, settle
from .memory import Memory
from .network import Network
from .nodes import HINTS_NAME, NoPhoto, Target, alive, by_uid, newest_result, photo_of, target, uid
from .overlay import hide_overlay, overlay_of, show_overlay
from .photos import Dropped, Rect, rect_of
from .qt import QtCore, QtGui
from .results import choose_brush, gray_to_rgb, painted_over
from .settings import Settings, load, save
from .spaces import SRGB_8, new_layer
from .state import ServerState, ServerView, look, view_of_error
from .view import visible_rect

FOLLOW_MS = 250
LOOK_MS = 3000
SETTLE_MS = 1500
SETTINGS_MS = 150


class Core:
    """See the module's docstring.  Attributes are for reading; calls change them.

    server: what is known about the server.  progress: (text, 0..1) or None.  message: the last
    error with its remedy, or a note, or "".  suggestions: colours for the place last painted.
    """

    def __init__(self) -> None:
        self.network = Network()
        self.settings: Settings = load()
        self.seen = Seen()
        self.server = ServerView(ServerState.UNKNOWN)
        self.progress: tuple[str, float] | None = None
        self.message = ""
        self.message_is_error = False
        self.suggestions: list[Suggestion] = []
        self.ask_about_gray: Callable[[Callable[[bool], None]], None] | None = None
        self.update_times: list[float] = []
        self._listeners: list[Callable[[], None]] = []
        self._session: Session | None = None
        self._job: Job | None = None
        self._side_jobs: dict[str, Job] = {}
        self._live: LiveUpdate | None = None
        self._live_again = False
        self._live_result = ""
        self._watch: HintWatch | None = None
        self._watched: tuple[Any, ...] = ()
        self._document: Any = None
        self._photo_uid = ""
        self._area: Rect = (0, 0, 0, 0)
        self._crop: Crop | None = None
        self._suspects: set[str] = set()
        self._lifted_at: float | None = None
        self._brush = Brush(self._on_lifted)
        self._follow_timer = self._timer(FOLLOW_MS, self.follow)
        self._look_timer = self._timer(LOOK_MS, self.look_at_server)
        self._settle_timer = self._timer(SETTLE_MS, self._settle, once=True)
        self._settings_timer = self._timer(SETTINGS_MS, self._update_live, once=True)

    @staticmethod
    def _timer(milliseconds: int, call: Callable[[], None], once: bool = False) -> Any:
        timer = QtCore.QTimer()
        timer.setInterval(milliseconds)
        timer.setSingleShot(once)
        timer.timeout.connect(call)
        return timer

    # --- who is told -----------------------------------------------------------------------

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every change; the first one sets everything going."""
        self._listeners.append(listener)
        if not self._follow_timer.isActive():
            self._follow_timer.start()
            self._look_timer.start()
            QtCore.QTimer.singleShot(0, self.look_at_server)

    def unlisten(self, listener: Callable[[], None]) -> None:
        """Call it no more."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()

    def say(self, text: str, error: bool = False) -> None:
        """Show a message: in the docker, and over the picture, which no one has to close."""
        self.message, self.message_is_error = text, error
        window = Krita.instance().activeWindow()
        view = window.activeView() if window is not None else None
        if text and view is not None:
            view.showFloatingMessage(text, QtGui.QIcon(), 8000 if error else 4000, 1)
        self._tell()

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
        if self._job is not None or "look" in self._side_jobs or self._brush.is_down:
            return
        try:
            flow = look(self.session())
        except ClientError as error:
            self._set_server(view_of_error(error))
            return
        self._side_job("look", flow, self._set_server, lambda error: None)

    def _set_server(self, view: ServerView) -> None:
        if view != self.server:
            self.server = view
            self._tell()

    # --- jobs ------------------------------------------------------------------------------

    def _side_job(
        self,
        name: str,
        flow: Any,
        done: Callable[[Any], None],
        failed: Callable[[ClientError], None],
    ) -> None:
        """Run a flow beside the command; a newer one of the same name takes its place."""
        self._stop_side_job(name)

        def finish(call: Callable[[Any], None]) -> Callable[[Any], None]:
            def finished(value: Any) -> None:
                self._side_jobs.pop(name, None)
                call(value)

            return finished

        job = Job(self.network, flow, finish(done), finish(failed))
        self._side_jobs[name] = job
        job.start()

    def _stop_side_job(self, name: str) -> None:
        job = self._side_jobs.pop(name, None)
        if job is not None:
            job.cancel()

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
            self._tell()
            self.look_at_server()

        def failed(error: ClientError) -> None:
            self._job, self.progress = None, None
            self._fail(error)
            self._tell()

        self._job = Job(self.network, flow, finished, failed, self._on_progress, self._on_start)
        self._job.start()
        self._set_server(ServerView(ServerState.BUSY, self.server.detail))
        self._tell()

    def _on_progress(self, text: str, fraction: float) -> None:
        if self._job is not None:
            self.progress = (text, fraction)
            self._tell()

    def _on_start(self) -> None:
        self._set_server(ServerView(ServerState.STARTING))

    def _fail(self, error: ClientError) -> None:
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
            self._tell()
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
        node = document.activeNode()

        def done(outcome: Outcome) -> None:
            self._watched = ()  # look at everything anew
            self.say(outcome.note)
            if then is not None:
                then(outcome)

        self._stop_live_job()
        try:
            session = self.session()
        except ClientError as error:
            self._fail(error)
            return
        self._run(colorize(document, node, session, self.settings, self.seen), done)

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
                self._tell()
                return
            if self._job is None:
                flow = show_overlay(document, photo, self.session(), self.settings, self.seen)
                self._run(flow, lambda _: None)
        except ClientError as error:
            self._fail(error)

    def overlay_is_shown(self) -> bool:
        """Whether the active photo has its overlay."""
        if self._document is None or not alive(self._document) or not self._photo_uid:
            return False
        photo = by_uid(self._document, self._photo_uid)
        return photo is not None and overlay_of(self._document, photo) is not None

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
        turned_on = settings.live and not self.settings.live
        self.settings = settings
        save(settings)
        if not settings.live:
            self._stop_live_job()
        elif turned_on:
            self._begin_live()
        else:
            self._settings_timer.start()
        self._tell()

    # --- following the active photo --------------------------------------------------------

    def follow(self) -> None:
        """Watch the hints of the photo that the active layer stands for."""
        if self._brush.is_down or self._job is not None:
            return
        application = Krita.instance()
        window = application.activeWindow()
        self._brush.watch(canvas_widget(window))
        document = application.activeDocument()
        if document is None or not alive(document):
            self._unwatch()
            return
        node = document.activeNode()
        try:
            goal = target(document, node)
        except NoPhoto:
            self._unwatch()
            return
        if node is not None and uid(node) in Memory(document).results:
            self._suspects.add(uid(node))
        self._watch_target(document, goal)

    def _watch_target(self, document: Any, goal: Target) -> None:
        rect = rect_of(goal.photo)
        hints = [uid(layer) for layer in goal.hints]
        watched = (uid(document.rootNode()), uid(goal.photo), rect, *hints)
        if watched == self._watched:
            return
        self._unwatch()
        self._watched = watched
        self._document, self._photo_uid, self._area = document, uid(goal.photo), rect
        if rect[2] and goal.hints:
            self._watch = HintWatch(
                goal.hints, rect, lambda: self._brush.is_down, self._on_hints_changed
            )
        self._tell()

    def _unwatch(self) -> None:
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        had = bool(self._watched)
        self._watched = ()
        self._document, self._photo_uid = None, ""
        self._crop = None
        self._stop_side_job("suggest")
        if had:
            self.suggestions = []
            self._tell()

    def _on_lifted(self) -> None:
        self._lifted_at = time.monotonic()
        if self._watch is not None:
            self._watch.lifted()

    def _on_hints_changed(self, scan: HintScan, place: tuple[int, int] | None) -> None:
        before, self._crop = self._crop, scan.crop()
        if self.settings.live:
            self._update_live()
        if place is not None:
            self._suggest(place, before)

    def _suggest(self, place: tuple[int, int], before: Crop | None) -> None:
        """Ask for colours at a place, as if the new paint were not there yet."""
        known = self.seen.find(self._photo_uid)
        if known is None or not known.image_id:
            return
        point = (place[0] - self._area[0], place[1] - self._area[1])
        hints = hints_on_wire(before, self._area) if self.settings.use_hints else None
        flow = suggest(self.session(), known.image_id, point, hints, self.settings)

        def done(found: Any) -> None:
            self.suggestions = found.colors
            self._tell()

        self._side_job("suggest", flow, done, lambda error: None)

    # --- live mode -------------------------------------------------------------------------

    def _begin_live(self) -> None:
        self.follow()
        if self._document is None:
            return
        photo = by_uid(self._document, self._photo_uid)
        if photo is None:
            return
        result = newest_result(self._document, photo, Memory(self._document))
        if result is None:
            self.colorize()
        else:
            self._suspects.add(uid(result))
            self._update_live()

    def _update_live(self) -> None:
        """Start a live update; an older one that still waits for its answer is given up."""
        if not self.settings.live or self._document is None or self._job is not None:
            return
        if self._live is not None and self._live.writing:
            self._live.overtaken = self._live_again = True
            return
        document, photo_uid = self._document, self._photo_uid
        photo = by_uid(document, photo_uid)
        if photo is None:
            return
        result = newest_result(document, photo, Memory(document))
        if result is None:
            return
        window = Krita.instance().activeWindow()
        visible = None
        if window is not None and window.activeView() is not None:
            visible = visible_rect(window.activeView(), canvas_widget(window))
        update = LiveUpdate(
            document,
            photo_uid,
            self.session(),
            self.seen,
            self.settings,
            self._crop if self.settings.use_hints else None,
            visible,
            lambda: self._brush.is_down,
        )
        self._live, self._live_again = update, False
        self._live_result = uid(result)
        self._side_job("live", self._live_flow(update, result), self._live_done, self._live_failed)

    def _live_flow(self, update: LiveUpdate, result: Any) -> Any:
        key = uid(result)
        if key in self._suspects:
            memory = Memory(update.document)
            still_there = guard(update.document, key)
            if (yield from painted_over(result, memory, still_there)):
                return "painted over"
            self._suspects.discard(key)
        return (yield from update.flow(key))

    def _live_done(self, outcome: Any) -> None:
        update, self._live = self._live, None
        if update is not None and update.visible_done is not None and self._lifted_at is not None:
            self.update_times.append(update.visible_done - self._lifted_at)
            self._lifted_at = None
        if outcome == "painted over":
            self.colorize()
        elif self._live_again:
            self._update_live()
        else:
            self._settle_timer.start()
        if self.message_is_error:
            self.message, self.message_is_error = "", False
        self._tell()

    def _live_failed(self, error: ClientError) -> None:
        self._live = None
        self._fail(error)

    def _stop_live_job(self) -> None:
        if self._live is not None and self._live.writing:
            self._live.overtaken = True  # it ends by itself in a moment
            return
        self._stop_side_job("live")
        self._live = None

    def _settle(self) -> None:
        document = self._document
        if document is None or not alive(document) or self._live is not None:
            return
        key = self._live_result
        flow = settle(document, key, guard(document, key), lambda: self._brush.is_down)
        self._side_job("settle", flow, lambda _: None, lambda error: None)


_core: list[Core] = []


def core() -> Core:
    """The one of this program."""
    if not _core:
        _core.append(Core())
    return _core[0]
