"""The panel's centre: what the user can do, and what there is to show."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from gi.repository import Gimp

from .. import colorizing, hintlayers, layers, memory, misplaced, scratch
from .. import settings as kept
from ..client import ClientError
from ..client.center import Center
from ..client.state import ServerView
from ..client.translation import _
from ..problem import Cancelled, Problem
from .follower import Follower
from .loop import Loop, every, trace
from .photo import Known
from .suggester import Suggester
from .viewer import Viewer

LOOK_MS = 3000
NO_PICTURE = _("No picture is open: open a photo and try again.")
CHOOSE_PANEL = _("Choose Panel in the picture to go on with.")
LEFT = _("Colorize Layer was cancelled in %s: the panel goes on in another picture.")


class Core(Center):
    """What GIMP's panel adds to the centre.

    settings: of the picture that is followed.  follower: watches the photo and its hints.
    suggester: colors for a place.  viewer: what is shown.  is_asking: whether a question is open.
    is_pressed: whether a button is held on the panel itself.
    """

    def __init__(self, image: Gimp.Image) -> None:
        super().__init__("gimp", Loop())
        self.settings = kept.Settings()
        self.is_asking = self.is_pressed = False
        self._seen: tuple[Any, int] = (None, 0)
        self.suggester = Suggester(self)
        self.viewer = Viewer(self)
        self.follower = Follower(self, image)

    def start(self) -> None:
        """Begin to look at GIMP and at the server."""
        self.follower.start()
        self.look_at_server()
        every(LOOK_MS, self.look_at_server)

    # --- for the centre --------------------------------------------------------------------

    def may_look(self) -> bool:
        """Not while the brush is down, nor while colors are being made."""
        return not (self.follower.brush_is_down or self.side_jobs.runs("live"))

    def announce(self, text: str, error: bool) -> None:
        """The panel shows it itself; for tests it is in GIMP's log, too."""
        if text:
            trace("handtint-panel " + text)

    def set_view(self, view: ServerView) -> None:
        """What waited for a server goes on when there is one."""
        was_ready = self.server.state.ready
        super().set_view(view)
        if view.state.ready and not was_ready:
            self.follower.live.update()

    def server_changed(self) -> None:
        """The other server has seen no photo yet."""
        self.follower.live.photo_changed()

    # --- what the follower tells -----------------------------------------------------------

    def target_changed(self) -> None:
        """Another photo, result or hint layer is followed: its settings are shown."""
        target = self.follower.target
        if target is None:
            return
        seen = (target.photo_key, target.result.get_id() if target.result is not None else 0)
        chosen = memory.wanted(target.photo)
        stored = target.remembered.settings if target.remembered is not None else None
        if chosen is not None:
            stored = chosen
        if seen != self._seen or chosen is not None:
            self._seen = seen
            self.settings = kept.of_picture(stored)
        self.viewer.target_changed()
        self.tell()

    def hints_changed(self) -> None:
        """Something was painted on a hint layer, or taken away, or has another color."""
        self.viewer.hints_changed()
        if not self.follower.live.on:
            self.suggester.ask()

    def live_done(self) -> None:
        """An update is over: what waited for the server may go on."""
        self.suggester.ask()
        self.viewer.live_done()
        self.tell()

    def paint_on_result(self) -> None:
        """The user has painted where it is no hint."""
        target = self.follower.target
        name = target.result.get_name() if target is not None and target.result else _("the result")
        self.follower.live.painted_on()
        self.say(
            _(
                "You painted on %s, which is no hint layer. Colorize Layer asks what the paint is; "
                "New Hints Layer makes a place for hints."
            )
            % name,
            error=True,
        )

    # --- commands --------------------------------------------------------------------------

    def colorize(self) -> None:
        """Colorize Layer, on the selected layer of the image that is followed."""
        if self.running or self.is_asking:
            return
        self.clear_message()
        image = self.follower.image
        self.follower.live.stop()
        self.viewer.release()  # a new result is as visible as the one before
        try:
            if image is None or not image.is_valid():
                raise Problem(CHOOSE_PANEL if self.others_are_open() else NO_PICTURE)
            layers.check_mode(image)
            active = layers.active_layer(image.get_selected_layers())
            self._ask(lambda: misplaced.settle(image, active))
            flow = colorizing.flow(image, active, self.settings, True, lambda: None)
        except Cancelled:
            return
        except ClientError as error:
            self.fail(error)
            return
        self.run(flow, self._colorized)

    def _ask(self, question: Any) -> None:
        """Something that may open a window and wait for an answer."""
        self.is_asking = True
        try:
            question()
        finally:
            self.is_asking = False

    def _colorized(self, done: colorizing.Done) -> None:
        Gimp.displays_flush()
        follower = self.follower
        with follower.live.held():
            follower.search()
        target = follower.target
        if target is not None and done.picture is not None:
            known = Known(done.picture.image_id, done.sent, done.picture.layout)
            follower.live.note_result(target, done.picture, known, done.job.settings)
        if self.settings != done.job.settings:  # a slider was moved meanwhile
            follower.live.sliders_moved()
        self.say(" ".join(done.notes))
        trace("handtint-colorized")
        self.suggester.ask()

    def new_hints(self) -> None:
        """New Color Hints Layer: made, or the one that is there selected."""
        self.clear_message()
        image = self.follower.image
        try:
            if image is None or not image.is_valid():
                raise Problem(CHOOSE_PANEL if self.others_are_open() else NO_PICTURE)
            active = layers.active_layer(image.get_selected_layers())
            _, text = hintlayers.go_to(image, active)
        except ClientError as error:
            self.fail(error)
            return
        Gimp.displays_flush()
        self.follower.search()
        self.say(text)

    def change(self, **values: Any) -> None:
        """Take other settings; the menu entries take them, too, and Live follows them."""
        settings = replace(self.settings, **values)
        if settings == self.settings:
            return
        self.clear_message()
        self.settings = settings
        target = self.follower.target
        if target is not None and target.is_there():
            memory.note_wanted(target.photo, asdict(settings))
        self.follower.live.sliders_moved()
        self.tell()

    def others_are_open(self) -> bool:
        """Whether pictures are open, of which none may be followed: GIMP says not which is seen."""
        return any(not scratch.is_one(image) for image in Gimp.get_images())

    def set_live(self, on: bool) -> None:
        """The switch Live."""
        self.clear_message()
        self.follower.live.switch(on)
        self.tell()

    def follow(self, image: Gimp.Image) -> None:
        """The panel was called for another image, or again."""
        self.clear_message()
        before = self.follower.image
        if before is None or image.get_id() != before.get_id():
            stopped = self.running and before is not None and before.is_valid()
            self.cancel()
            self.viewer.release()
            self.follower.follow(image)
            if stopped:
                self.say(LEFT % before.get_name())
        self.tell()

    def close(self) -> None:
        """The window is about to close: nothing that Live has done is lost."""
        self.cancel()
        self.viewer.release()
        self.follower.live.leave()
