"""Krita's centre: the commands, and what is followed.

There is one for the whole program, as the server and the settings are the same in every window.
"""

from __future__ import annotations

from typing import Any, Callable

from krita import Krita

from .alternatives import Alternatives
from .announce import announce
from .client import ClientError, Session
from .client.center import Center
from .client.pngcolor import PngColor
from .client.translation import _
from .commands import Outcome, Seen, colorize
from .fences import fence, hints_for
from .follower import Follower
from .infront import go_back, in_front
from .meant import note_of, of_document, show_as_meant
from .memory import Memory
from .network import Network
from .nodes import HINTS_NAME, alive, target, uid
from .qt import QtCore, safely, timer
from .questions import CANCEL, KEEP, Questions
from .results import choose_brush, gray_to_rgb
from .settings import Settings, load, save
from .spaces import SRGB_8, new_layer
from .suggester import Suggester
from .viewer import AT_WORK, Viewer
from .wrongplace import WrongPlace

LOOK_MS = 3000
ANSWER_FIRST = _("Answer the question first.")
NO_PICTURE = _("No picture is open: open a photo and try again.")
CONFINED = _("A selection is active: you can paint only inside it.")
FENCED = _(
    "What you paint there colors only what is selected now: the layer's mask keeps it inside."
)


class Core(Center):
    """What Krita adds to the centre.

    follower: watches the active photo and its hints.  suggester: colours for a place.  viewer:
    what is shown.  questions: asks what paint is.  alternatives: other colorings.
    """

    def __init__(self) -> None:
        self.network = Network()
        super().__init__("krita", self.network)
        self.settings: Settings = load()
        self.seen = Seen()
        self.ask_about_gray: Callable[[Callable[[bool], None]], None] | None = None
        self.ask_about_png: Callable[[PngColor, Callable[[str], None]], None] | None = None
        self.show_question: Callable[[], None] = lambda: None
        self.suggester = Suggester(self)
        self.follower = Follower(self)
        self.questions = Questions(self)
        self.viewer = Viewer(self)
        self.alternatives = Alternatives(self)
        self._look_timer = timer(LOOK_MS, self.look_at_server)

    # --- for the centre --------------------------------------------------------------------

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every change; the first one sets everything going."""
        super().listen(listener)
        if not self._look_timer.isActive():
            self.follower.start()
            self._look_timer.start()
            QtCore.QTimer.singleShot(0, safely(self.look_at_server))

    def may_look(self) -> bool:
        """Not while the brush is down."""
        return not self.follower.brush.is_down

    def announce(self, text: str, error: bool) -> None:
        """At the edge of the window, where the docker is hidden."""
        announce(text, error)

    def server_changed(self) -> None:
        """The other server has seen no photo yet."""
        self.seen = Seen()

    @property
    def vividness(self) -> float:
        """The one in use: the user's, else the server's default."""
        chosen = self.settings.vividness
        return self.default_vividness if chosen is None else chosen

    # --- commands --------------------------------------------------------------------------

    def colorize(self, then: Callable[[Outcome], None] | None = None) -> None:
        """Colorize Layer, on the active layer."""
        self.viewer.compare(False)  # a new result is as visible as the old one
        document = Krita.instance().activeDocument()
        if document is None:
            self.say(NO_PICTURE, error=True)
            return
        if self.running:
            self.say(AT_WORK)
            return
        if self.questions.is_open:
            self.answer_first()
            return
        if document.colorModel() == "GRAYA":
            self._colorize_gray(document, then)
            return
        color = of_document(document)
        if color is not None and color.profile and self.ask_about_png is not None:
            self._colorize_png(document, color, then)
            return
        self.follower.follow()
        node, settings = document.activeNode(), self.settings

        def done(outcome: Any) -> None:
            if isinstance(outcome, WrongPlace):
                self.questions.ask_about(document, outcome, lambda: self.colorize(then))
                return
            self.follower.note_result(outcome, settings)
            self.say(" ".join(note for note in (outcome.note, note_of(document)) if note))
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
        outcome = yield from colorize(
            document,
            node,
            session,
            settings,
            self.seen,
            lambda: self.questions.check(document, node),
            lambda: not self.follower.brush.is_down,
        )
        if not isinstance(outcome, WrongPlace):
            self.follower.active.chosen(document, document.activeNode())
        return outcome

    def answer_first(self) -> None:
        """A question is open, maybe behind a window: show it, and say what is waited for."""
        self.show_question()
        self.say(ANSWER_FIRST)

    def _colorize_gray(self, document: Any, then: Callable[[Outcome], None] | None) -> None:
        def answered(yes: bool) -> None:
            if not yes or not alive(document):
                if not yes:
                    self.say(_("A gray picture cannot hold color: it was left as it is."))
                return
            if not in_front(document):
                self.say(go_back(document))
                return
            if not gray_to_rgb(document):
                self.say(_("Krita could not convert the picture to RGB."), error=True)
                return
            self.colorize(then)

        if self.settings.convert_gray == "always":
            answered(True)
        elif self.settings.convert_gray == "never":
            self.say(
                _(
                    "This picture is gray and cannot hold color. Convert it with Image > Convert "
                    "Image Color Space, or allow it in Colorize with Options."
                ),
                error=True,
            )
        elif self.ask_about_gray is not None:
            self.ask_about_gray(answered)

    def _colorize_png(
        self, document: Any, color: PngColor, then: Callable[[Outcome], None] | None
    ) -> None:
        """Ask whether to show a PNG as its file means it, and colorize."""

        def answered(answer: str) -> None:
            if answer == CANCEL or not alive(document):
                return
            if not in_front(document):
                self.say(go_back(document))
                return
            if answer == KEEP:
                Memory(document).keep_as_shown()
            elif not show_as_meant(document, color):
                self.say(_("The picture could not be given its color profile."), error=True)
                return
            self.colorize(then)

        if self.ask_about_png is not None:
            self.ask_about_png(color, answered)

    def new_hints(self) -> None:
        """New Color Hints Layer: on top, bound to the active photo, with the brush chosen.

        A photo that has one gets no second: the one that is there becomes active.  With a
        selection it is a layer of its own, which a mask of the selection fences.
        """
        self.clear_message()
        document = Krita.instance().activeDocument()
        if document is None:
            self.say(NO_PICTURE, error=True)
            return
        selection = document.selection()
        try:
            goal = target(document, document.activeNode())
            layer = hints_for(goal, selection)
        except ClientError as error:
            self.fail(error)
            return
        if layer is not None:
            text = _("Paint on the hint layer that is there already.")
            layer.setVisible(True)
            fenced = selection is not None
        else:
            layer = new_layer(HINTS_NAME, SRGB_8)
            text = _("Paint the colors that you know; lightness does not matter.")
            document.rootNode().addChildNode(layer, None)
            Memory(document).bind_hints(uid(layer), uid(goal.photo))
            fenced = selection is not None and fence(document, layer, selection)
        self.follower.active.hold(document, layer)
        choose_brush()
        if selection is not None:
            text += " " + (FENCED if fenced else CONFINED)
        self.say(text)

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
