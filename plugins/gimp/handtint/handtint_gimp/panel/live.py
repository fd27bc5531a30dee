"""Live: the colored layer follows the hints, the photo and the sliders.

The result is written directly, without an undo step: Ctrl+Z takes back the user's stroke, and the
colors follow.  Such changes do not mark the image as changed, either.  So one step that can be
undone is made when the sliders rest, when Live goes off and when the panel closes (`step`).

A picture that comes to be followed is left alone until something in it or its settings changes.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Generator, Iterator

from gi.repository import Gimp

from .. import memory, references, turn
from .. import settings as kept
from ..client import ClientError, Dropped, Picture, protocol
from ..client.steps import Until
from ..client.strokes import Box
from ..problem import Problem
from . import paint, transfer
from .loop import Timer
from .photo import Known, ask_knowing, colors_of, on_wire
from .step import make_step
from .target import Target
from .times import Times
from .writing import Writing, regions

if TYPE_CHECKING:
    from .core import Core
    from .follower import Follower

RESTS_MS = 1000
"""A slider that was not moved for so long rests."""

Flow = Generator[Any, Any, Any]


class Live:
    """See the module's docstring.  on: whether the switch is on."""

    def __init__(self, core: Core, follower: Follower) -> None:
        self._core, self._follower = core, follower
        self.on = False
        self._times = Times()
        self._known: Known | None = None
        self._wanted: Any = None
        self._shown: Any = None
        self._is_new = False
        self._photos = 0
        self._near: Box | None = None
        self._again = self._held = self._commit_later = False
        self._writing: Writing | None = None
        self._base: transfer.Stored | None = None
        self._base_of: Target | None = None
        self._made_with = core.settings
        self._picture: Picture | None = None
        self._left = paint.Left()
        self._rest = Timer(self._sliders_rest)
        self._retry_at = 0.0
        self._reference: bytes | None = None
        self._lost = ""

    # --- what has changed ------------------------------------------------------------------

    def hints_changed(self, box: Box | None) -> None:
        """Something was painted or taken away in a box; None: it is known now what is painted."""
        self._near = box
        self._is_new = self._is_new and box is None
        self._times.noticed(self._follower.lifted_at, self._is_busy)
        self.update()

    def photo_changed(self) -> None:
        """The photo's pixels are others: they travel with the next request."""
        self._known, self._is_new = None, False
        self._photos += 1
        self.update()

    def target_changed(self, same_photo: bool) -> None:
        """The result or the layers around it are others."""
        target = self._follower.target
        result = target.result if target is not None else None
        if self._held:
            return
        if not same_photo or result is None or not self._left.is_of(result):
            self._forget_result()
        self._is_new = self._is_new or not same_photo
        self.update()

    def sliders_moved(self) -> None:
        """The settings are others."""
        self._is_new = False
        if self.on:
            self._rest.start(RESTS_MS)
        self._times.noticed(self._follower.lifted_at, self._is_busy)
        self.update()

    def note_result(
        self, target: Target, picture: Picture, known: Known, settings: kept.Settings
    ) -> None:
        """Colorize has made a result of everything as it is now, with these settings."""
        self._known, self._picture, self._base = known, picture, None
        self._is_new = False
        if target.result is not None:
            self._left.note(target.result)
        self._shown = self._all_that_counts(settings)
        self._rest.stop()

    @contextmanager
    def held(self) -> Iterator[None]:
        """What changes meanwhile is known already."""
        self._held = True
        try:
            yield
        finally:
            self._held = False

    def shape_changed(self) -> None:
        """The image was scaled, turned or converted, and the result with it.

        Nobody has painted on it by that, though it looks otherwise now.  That is known only while
        Live watches the result, or has yet to make a step of what it wrote.  Else the footprint
        tells whether there is paint.
        """
        target = self._follower.target
        result = target.result if target is not None else None
        knows = self.on or self._base is not None
        if knows and result is not None and self._left.is_of(result):
            memory.note_live(result)
        self._forget_result()

    def _forget_result(self) -> None:
        """Nothing is known any more of how the result was left."""
        self._base = self._picture = self._shown = None
        self._left.forget()

    def known_as(self, target: Target) -> Known | None:
        """What the server knows a photo by, if that is known and the photo is as it was."""
        now = self._follower.target
        return self._known if now is not None and now.photo_key == target.photo_key else None

    def note_known(self, target: Target, known: Known) -> None:
        """The server knows a photo."""
        now = self._follower.target
        if now is not None and now.photo_key == target.photo_key:
            self._known = known

    def look(self) -> None:
        """Called now and then: was the result painted on; may a wait end?"""
        target = self._follower.target
        if target is None or target.result is None or not self.on:
            return
        may_be_painted = target.result.get_id() in self._follower.selected
        if self._is_busy:
            self._left.was_selected = self._left.was_selected or may_be_painted
            return
        may_be_painted = may_be_painted and target.result.is_valid()
        if may_be_painted and self._left.sees_paint(self._follower, target):
            self._core.paint_on_result()
            return
        if self._retry_at and time.monotonic() > self._retry_at:
            self._retry_at = 0.0
            self.update()

    # --- on and off ------------------------------------------------------------------------

    def switch(self, on: bool) -> None:
        """Begin or end to follow."""
        if on == self.on:
            return
        self.on = on
        self._commit_later = not on and self._is_busy  # what was asked for is still shown
        if not on:
            if not self._is_busy:
                self.commit()
            return
        target = self._follower.target
        if target is not None and target.result is None:
            self._core.colorize()
        else:
            self._shown, self._is_new = None, False
            self.update()

    @property
    def _is_busy(self) -> bool:
        return self._core.side_jobs.runs("live")

    def stop(self) -> None:
        """Give up what is asked for; what is being written is written to its end."""
        if self._writing:
            self._again = False
        else:
            self._core.side_jobs.stop("live")

    def painted_on(self) -> None:
        """The user has painted on the result: nothing is written over that."""
        self.on = False
        self.stop()
        self._forget_result()

    def leave(self) -> None:
        """Another photo is followed from now on."""
        writing, self._writing = self._writing, None
        self.stop()
        if writing is not None:
            self._finish(writing)
        self.commit()
        self._known = None

    def _finish(self, writing: Writing) -> None:
        """Write the rest at once: the result shall not be half of one answer, half of another."""
        if self._left.is_painted_on(self._follower, writing.target):
            return
        try:
            while writing.step():
                pass
        except ClientError:
            return
        memory.note_live(writing.target.result)
        if writing.region is None:
            self._picture, self._made_with = writing.picture, writing.settings

    def drop(self) -> None:
        """The image is gone."""
        self._core.side_jobs.stop("live")
        self._writing = self._base = self._picture = self._known = None
        self._shown = None

    # --- updating --------------------------------------------------------------------------

    def _all_that_counts(self, settings: kept.Settings | None = None) -> Any:
        target = self._follower.target
        if target is None:
            return None
        result = target.result.get_id() if target.result is not None else 0
        settings = settings or self._core.settings
        painted = self._follower.painted if settings.use_hints else ()
        return (self._photos, painted, result, asdict(settings))

    def update(self) -> None:
        """Bring the result up to date, if Live is on and it is not."""
        core, target = self._core, self._follower.target
        if not self.on or self._held or core.running or core.is_asking or target is None:
            return
        if target.result is None or not self._follower.is_ready:
            return
        if self._writing:
            self._again = True
            return
        wanted = self._all_that_counts()
        if self._is_new:  # what a picture comes with is no change
            self._shown, self._is_new = wanted, False
        if wanted == self._shown or (wanted == self._wanted and self._is_busy):
            return
        self._wanted, self._again, self._retry_at = wanted, False, 0.0
        self._times.begin()
        core.side_jobs.run("live", self._flow(target, wanted), self._done, self._failed)

    def _done(self, outcome: Any) -> None:
        self._writing = None
        if outcome == "painted":
            self._core.paint_on_result()
            return
        self._shown = outcome
        self._times.tell()
        if self._core.message_is_error:
            self._core.clear_message()
        if self._lost:
            self._core.say(self._lost)
        if self._commit_later:
            self.commit()
        self._core.live_done()
        if self._all_that_counts() != self._shown:
            self.update()

    def _failed(self, error: ClientError) -> None:
        self._writing = None
        if self._commit_later:
            self.commit()
        if isinstance(error, Problem):
            self._retry_at = time.monotonic() + 1.0  # such as a lock, which may be taken away
        if self._core.message != str(error):
            self._core.fail(error)

    def _flow(self, target: Target, wanted: Any) -> Flow:
        image, result = target.image, target.result
        assert result is not None
        with turn.wanted(image) as has_come:
            yield Until(has_come)
            transfer.check_writable(image, result, target.size)  # else the server works in vain
            if not self._left.is_of(result) and not (yield from self._keep_base(target)):
                return "painted"
            settings = self._core.settings
            self._reference, self._lost = references.read(image, settings.reference)
            crop = self._follower.crop() if settings.use_hints else None
            near, self._near = self._near, None
            for region in regions(target.size, near):
                self._times.note("asked")
                request = self._request(crop, region)
                answer = yield from ask_knowing(self._core, target, request)
                self._times.note("answered")
                size = target.size if region is None else (region[2], region[3])
                picture = protocol.read_picture(answer, size)
                if not (yield from self._write(target, picture, region, settings)):
                    return "painted"
                self._times.note("shown")
                if region is not None and self._again:
                    break  # overtaken
            else:
                self._picture, self._made_with = picture, settings
        return None if self._again else wanted

    def _request(self, crop: Any, region: Box | None) -> Any:
        hints, settings, reference = on_wire(crop), self._core.settings, self._reference
        return lambda known: colors_of(known, hints, settings, reference, region)

    def _keep_base(self, target: Target) -> Generator[Any, Any, bool]:
        """Read the result as it is before the first change; False if somebody painted on it."""
        result, remembered = target.result, target.remembered
        assert result is not None
        assert remembered is not None
        sent = self._known.sent if self._known is not None else remembered.sent
        base = yield from paint.read_unpainted(target, sent)
        if base is None:
            return False
        self._base, self._base_of = base, target
        memory.note_live(result)
        self._left.note(result)
        return True

    def _write(
        self, target: Target, picture: Picture, region: Box | None, settings: kept.Settings
    ) -> Flow:
        """Into the result, the nearest to the stroke first; not while a button is down.

        Returns False if somebody has painted on the result: nothing is written then.
        """
        if self._base is None and not (yield from self._keep_base(target)):
            return False
        height = target.size[1] if region is None else region[3]
        top = 0 if region is None else region[1]
        middle = self._follower.stroke_row(top, height)
        writing = self._writing = Writing(target, picture, region, settings, middle)
        assert target.result is not None
        more = True
        while more:
            yield Until(self._may_write)
            if self._left.is_painted_on(self._follower, target):
                self._writing = None
                return False
            if self._writing is not writing:
                raise Dropped("Another photo is followed; all of this is written.")
            more = writing.step()
            self._left.note(target.result)
        self._writing = None
        memory.note_live(target.result)
        return True

    def _may_write(self) -> bool:
        return not self._follower.brush_is_down

    # --- one undo step ---------------------------------------------------------------------

    def _sliders_rest(self) -> None:
        if self._is_busy or self._follower.panel_is_pressed or self._core.running:
            self._rest.start(RESTS_MS)
        else:
            self.commit()

    def commit(self) -> None:
        """Make what was written a step that can be undone: back to before the first change."""
        self._commit_later = False
        base, self._base = self._base, None
        picture, target, known = self._picture, self._base_of, self._known
        self._rest.stop()
        if base is None or picture is None or known is None or target is None:
            return
        self._core.viewer.release()  # the step's layer is as visible as the one before
        layer = make_step(target, base, picture, self._made_with, known.sent)
        if layer is None:
            return
        Gimp.displays_flush()
        with self.held():
            self._follower.search()
        self._left.note(layer)
        self._shown = self._all_that_counts()
