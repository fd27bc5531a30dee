"""Everything that can stand between GIMP and colour: one sentence each, image untouched.

G: HOME (data folder), PROXY (url of the faulty relay), TOKEN, CONNECTION (as installed),
HOST_START (command that starts a server outside this folder).
"""

import http.client
import os
import subprocess
import time
from urllib.parse import urlsplit


def kept(name):
    return os.path.join(G["HOME"], name)


def set_server(**setting):
    """The user's own server setting; none: automatic."""
    if not setting:
        if os.path.exists(kept("client.json")):
            os.remove(kept("client.json"))
        return
    with open(kept("client.json"), "w") as file:
        json.dump({"format": 1, **setting}, file)


def set_connection(**changes):
    with open(kept("connection.json"), "w") as file:
        json.dump({**G["CONNECTION"], **changes}, file)


def set_fault(fault):
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(G["PROXY"]).port)
    connection.request("POST", "/control", fault)
    connection.getresponse().read()
    connection.close()


def through_proxy(fault, **more):
    set_fault(fault)
    set_server(url=G["PROXY"], token=G["TOKEN"], **more)


def state(image):
    layers = [
        (x.get_name(), x.get_id(), pixels(x, "R'G'B'A u8"), x.get_parasite_list())
        for x in image.get_layers()
    ]
    return layers, image.get_base_type(), image.get_parasite_list()


def told(name=COLORIZE, size=None):
    """The sentence for the user; the image is as before."""
    image, photo = photo_image()
    if size:
        image.scale(*size)
    image.clean_all()
    before = state(image)
    started = time.time()
    try:
        call(name, image, photo)
    except Failed as error:
        assert state(image) == before, "the image was changed"
        assert not image.is_dirty(), "the image counts as changed"
        return {"text": str(error), "seconds": time.time() - started}
    finally:
        set_fault("")
        set_server()
        set_connection()
    raise AssertionError("no failure")


def case_wrong_token():
    set_server(url=G["PROXY"], token="wrong-wrong-wrong-wrong")
    return told()


def case_nobody_answers():
    set_server(url="http://127.0.0.1:9", token="x")
    return told()


def case_address_is_none():
    set_server(url="http://photos.example.org?x", token="x")
    return told()


def case_damaged_setting():
    with open(kept("client.json"), "w") as file:
        file.write('{"url": ')
    return told()


def case_other_version():
    through_proxy("api")
    return told()


def case_something_else_answers():
    through_proxy("page")
    return told()


def case_silent():
    through_proxy("silent", timeout=1.0)
    return told()


def case_cut_off():
    through_proxy("cut")
    return told()


def case_busy_is_waited_for():
    through_proxy("busy:2")
    try:
        started = time.time()
        image, photo = photo_image()
        colorize(image, photo)
        assert tree(image) == ["Photo (colorized)", "Photo"]
        assert time.time() - started >= 2, "Retry-After said 1 s, twice"
    finally:
        set_fault("")
        set_server()


# Kills the plug-in that works for this GIMP, as Cancel in the status bar does.
CANCEL = """
import os, signal, time
folder = os.environ["GIMP3_DIRECTORY"] + "/plug-ins/handtint/handtint.py"
while True:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid) as file:
                words = file.read().split("\\0")
        except OSError:
            continue
        if folder in words and "-run" in words:
            time.sleep(6)
            os.kill(int(pid), signal.SIGKILL)
            raise SystemExit
    time.sleep(0.2)
"""


def case_cancelled_with_a_filter():
    """The copy with the filter applied stays behind: the next run takes it away."""
    image, photo = photo_image()
    photo.append_filter(Gimp.DrawableFilter.new(photo, "gegl:invert-gamma", "Invert"))
    before = {x.get_id() for x in Gimp.get_images()}
    through_proxy("busy:1000")
    process = subprocess.Popen(["python3", "-c", CANCEL])
    try:
        call(COLORIZE, image, photo)
    except Failed:
        pass
    else:
        raise AssertionError("it was not cancelled")
    finally:
        process.kill()
        set_fault("")
        set_server()
    left = {x.get_id() for x in Gimp.get_images()} - before
    assert len(left) == 1, "nothing was left: this tests nothing"
    call(HINTS, image, photo)  # any run
    assert {x.get_id() for x in Gimp.get_images()} == before


def case_not_installed():
    os.remove(kept("connection.json"))
    return told()


def case_sandbox():
    set_connection(can_start=False, start_by_hand="systemctl --user enable --now handtint")
    return told()


def case_server_removed():
    set_connection(start=["/nowhere/python", "-m", "handtint_server", "serve"])
    return told()


def case_server_fails_to_start():
    broken = os.path.join(G["OUT"], "damaged.safetensors")
    with open(broken, "w") as file:
        file.write("no weights")
    set_connection(start=[*G["HOST_START"], "--weights", broken, "--no-discovery"])
    return told()


def case_suggest_fails_as_well():
    through_proxy("page")
    return told(SUGGEST)


_photo_image = photo_image


def photo_image(*given, **more):
    """With a selection, so that suggestions have a place."""
    image, layer = _photo_image(*given, **more)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 10, 20, 20)
    return image, layer


def case_installed_server_is_started():
    """It runs on.  The runtime folder of this GIMP is hidden, as in a sandbox."""
    set_server()
    set_connection(start=G["HOST_START"])
    image, photo = photo_image()
    assert not os.path.exists(kept("server.json"))
    layer = colorize(image, photo, area="layer")
    assert tree(image) == ["Photo (colorized)", "Photo"]
    assert os.path.exists(kept("server.json")), "the server's mirror"
    data = pixels(layer, "R'G'B' u8")
    assert data[0::3] != data[2::3], "no colour"


def case_server_killed_in_mid_answer():
    """The one that was started.  The photo is large, so that there is time for it."""
    killer = os.path.join(os.path.dirname(os.path.dirname(G["CASES"])), "kill_busy_server.py")
    process = subprocess.Popen(["python3", killer, kept("server.json")])
    try:
        set_connection(start=["/nowhere/python"])
        found = told(size=(6000, 4000))
        assert process.wait(60) == 0, "the server was not at work"
        return found
    finally:
        process.kill()
