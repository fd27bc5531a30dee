"""The one centre of a plug-in with a window: what runs, what is known, and who is told.

Menu entries, dockers and panels call it and show what it holds; it knows no widgets.
"""

from __future__ import annotations

from typing import Any, Callable

from . import places
from .driver import Job, SideJobs
from .errors import ClientError, Dropped
from .places import ServerSetting
from .session import Session
from .state import ServerState, ServerView, look, view_of_error
from .translation import _


class Center:
    """Attributes are for reading; calls change them.

    name: of the editor, as `Session` wants it.  loop: the event loop, as `driver` describes it.
    server: what is known about the server.  progress: (text, 0..1) or None.  message: the last
    error with its remedy, or a note, or ""; command: one that it names, to be copied.
    """

    def __init__(self, name: str, loop: Any) -> None:
        self.name, self.loop = name, loop
        self.server = ServerView(ServerState.UNKNOWN)
        self.default_vividness = 0.5
        self.progress: tuple[str, float] | None = None
        self.message = self.command = ""
        self.message_is_error = False
        self.side_jobs = SideJobs(loop)
        self._listeners: list[Callable[[], None]] = []
        self._when_over: list[Callable[[], None]] = []
        self._session: Session | None = None
        self._job: Job | None = None

    # --- what the editor adds --------------------------------------------------------------

    def may_look(self) -> bool:
        """Whether there is time to ask the server how it is."""
        return True

    def announce(self, text: str, error: bool) -> None:
        """Show a message where the docker or panel is hidden."""

    def server_changed(self) -> None:
        """Another server is used from now on: what was known of the old one is void."""

    # --- who is told -----------------------------------------------------------------------

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every change."""
        self._listeners.append(listener)

    def tell(self) -> None:
        """Call all listeners.

        A listener whose window is gone raises RuntimeError and is dropped.
        """
        for listener in list(self._listeners):
            try:
                listener()
            except RuntimeError:
                self._listeners.remove(listener)

    def say(self, text: str, error: bool = False, command: str = "") -> None:
        """Show a message."""
        self.message, self.message_is_error, self.command = text, error, command
        self.announce(text, error)
        self.tell()

    def clear_message(self) -> None:
        """The next action begins: what was said before is over."""
        if self.message:
            self.announce("", False)
        self.message, self.message_is_error, self.command = "", False, ""

    # --- server ----------------------------------------------------------------------------

    def session(self) -> Session:
        """The way to the server.  Raises BadSetting.

        The setting is read each time: another process may have changed it, such as GIMP's options
        dialog beside an open panel.
        """
        before = self._session
        if before is not None and before.setting == places.read_setting(before.folder):
            return before
        session = self._session = Session(self.name)
        if before is not None:
            self.server = ServerView(ServerState.UNKNOWN)
            self.server_changed()
        return session

    def server_setting(self) -> ServerSetting:
        """The user's server setting; the automatic one if it cannot be read."""
        return self._kept_setting() or ServerSetting()

    def _kept_setting(self) -> ServerSetting | None:
        try:
            return places.read_setting(places.data_folder())
        except ClientError:
            return None

    def keep_server(self, setting: ServerSetting) -> None:
        """Use what the user has chosen in a dialog, if it is another one.  Raises BadSetting.

        One that cannot be read is replaced by whatever was chosen, also by the automatic one.
        """
        if setting != self._kept_setting():
            self.set_server(setting)

    def set_server(self, setting: ServerSetting) -> None:
        """Keep another server setting and use it from now on.  Raises BadSetting."""
        if not setting.automatic:
            setting.endpoint()
        places.write_setting(places.data_folder(), setting)
        self.use_new_setting()

    def use_new_setting(self) -> None:
        """Find the server anew, by the setting that is kept now."""
        self._session = None
        self.server_changed()
        self.server = ServerView(ServerState.UNKNOWN)
        self.look_at_server()

    def look_at_server(self) -> None:
        """Find out what the server is doing, unless something runs that will tell."""
        if self.running or self.side_jobs.runs("look") or not self.may_look():
            return
        try:
            flow = look(self.session())
        except ClientError as error:
            self.set_view(view_of_error(error))
            return
        self.side_jobs.run("look", flow, self.set_view, lambda error: None)

    def set_view(self, view: ServerView) -> None:
        """Note what the server is doing."""
        if view.vividness is not None:
            self.default_vividness = view.vividness
        if view != self.server:
            self.server = view
            self.tell()

    # --- the command -----------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether a command runs that Cancel would stop."""
        return self._job is not None

    def run(self, flow: Any, done: Callable[[Any], None]) -> None:
        """Run a command, which Cancel stops; one at a time."""
        self.clear_message()
        self.progress = (_("Reading the layer"), 0.0)

        def finished(value: Any) -> None:
            self._job, self.progress = None, None
            done(value)
            self.tell()
            self.look_at_server()
            self._tell_over()

        def failed(error: ClientError) -> None:
            self._job, self.progress = None, None
            self.fail(error)
            self.tell()
            self._tell_over()

        self._job = Job(self.loop, flow, finished, failed, self._on_progress, self._on_start)
        self._job.start()
        self.set_view(ServerView(ServerState.BUSY, self.server.detail))
        self.tell()

    def when_over(self, call: Callable[[], None]) -> None:
        """Call `call` after each command, whether it is done, has failed or was cancelled."""
        self._when_over.append(call)

    def _tell_over(self) -> None:
        for call in self._when_over:
            call()

    def _on_progress(self, text: str, fraction: float) -> None:
        if self._job is not None:
            self.progress = (text, fraction)
            self.tell()

    def _on_start(self) -> None:
        self.set_view(ServerView(ServerState.STARTING))

    def fail(self, error: ClientError) -> None:
        """Show an error, unless it is one that concerns nobody any more."""
        if isinstance(error, Dropped):
            self.look_at_server()
            return
        view = view_of_error(error)
        if view.state is ServerState.UNKNOWN:
            self.look_at_server()
        else:
            self.set_view(view)
        self.say(str(error), error=True, command=error.command)

    def cancel(self) -> None:
        """Stop the command; the picture stays as it was."""
        self.clear_message()
        if self._job is not None:
            self._job.cancel()
            self._job, self.progress = None, None
            self.tell()
            self.look_at_server()
            self._tell_over()
