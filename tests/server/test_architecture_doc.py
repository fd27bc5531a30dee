"""docs/architecture.md and CONTRIBUTING.md against the code: names, diagram, import rules."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import handtint_model
import handtint_server
from handtint_server.cli import COMMANDS

ROOT = Path(__file__).parents[2]
ARCHITECTURE, CONTRIBUTING = "docs/architecture.md", "CONTRIBUTING.md"
BOTH = (ARCHITECTURE, CONTRIBUTING)
SOURCES = ("model/handtint_model", "server/handtint_server", "plugins")
PLACES = ("", "model/", "server/", "plugins/")
MADE = (".venv", "dist/")
"""What the commands of the documents make."""

HOSTS = {"gi", "krita", "PyQt5", "PyQt6"}
"""Modules that an editor brings."""

GIMP_MAIN = "plugins.gimp.handtint.handtint"
"""What GIMP starts, as a script: it cannot import relatively."""

HTTP = {"flask", "waitress", "requests", "http", "socket", "urllib", "ssl"}


def text_of(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def package_script() -> ModuleType:
    """plugins/package.py."""
    path = ROOT / "plugins" / "package.py"
    spec = importlib.util.spec_from_file_location("handtint_package_for_docs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Nodes = Callable[[ast.AST], Iterator[ast.AST]]


# --- imports as they are -------------------------------------------------------------------


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def modules() -> dict[str, Path]:
    """Every module of the three parts by its dotted name; plug-ins below `plugins`."""
    found = {}
    for source in SOURCES:
        base = ROOT / source
        for path in base.rglob("*.py"):
            parts = [base.name, *path.relative_to(base).with_suffix("").parts]
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def copies() -> dict[str, str]:
    """Where a plug-in sees its copy of the client -> the client."""
    return {
        f"plugins.{folder}.{client.replace('/', '.')}": "plugins.client"
        for folder, client in package_script().EDITORS.values()
    }


def known(name: str) -> str:
    """A dotted name, that of the client if it means a copy of it."""
    for copy, original in copies().items():
        if name == copy or name.startswith(copy + "."):
            return original + name.removeprefix(copy)
    return name


@cache
def imports(name: str, nodes: Nodes = ast.walk) -> tuple[str, ...]:
    """Dotted names that a module imports.

    nodes: which parts of it count: all, `_at_once` those that its own import needs, `_when_run`
    those that are not for type checkers alone.

    `from package import x` gives package.x if that is a module, else package.
    """
    return tuple(_imports(name, nodes))


def _imports(name: str, nodes: Nodes) -> Iterator[str]:
    path = modules()[name]
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in nodes(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = known(".".join([*base, *([node.module] if node.module else [])]))
            if node.level:
                assert source in modules(), f"{name} imports {source}, which there is not"
            for alias in node.names:
                inside = known(f"{source}.{alias.name}")
                yield inside if inside in modules() else source


def _typing_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _at_once(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        if not function and not _typing_only(node):
            yield node
            yield from _at_once(node)


def _when_run(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if not _typing_only(node):
            yield node
            yield from _when_run(node)


MODEL_LAYERS = (
    ("training",),
    ("evaluation",),
    ("colorizer",),
    ("cell_colors", "hint_colors"),
    ("encoded_photo",),
    ("alternatives",),
    ("automatic",),
    ("encoding",),
    ("hints",),
    ("render", "files"),
    ("luminance",),
    ("geometry",),
    ("network",),
    ("kernels",),
    ("color",),
    ("types", "device", "threads"),
    ("errors",),
)
"""The rooms of the model, from top to bottom: each imports itself and what lies below it."""

SERVER_LAYERS = (
    ("cli",),
    ("doctor",),
    ("torch_build",),
    ("batch", "editors"),
    ("client",),
    ("runner",),
    ("api",),
    ("engine",),
    ("decode",),
    ("http",),
    ("process", "metrics", "logs"),
    ("discovery",),
    ("folders", "settings"),
    ("sentences", "memory", "model", "translation"),
)
"""Those of the server."""

LAYERS = {"handtint_model": MODEL_LAYERS, "handtint_server": SERVER_LAYERS}
PARTS = pytest.mark.parametrize("part", LAYERS)


def room(name: str) -> str:
    """The folder or the file right below the package that a module lies in."""
    return name.split(".")[1]


def circle(edges: dict[str, set[str]]) -> list[str]:
    """The names along some circle of a graph, or []."""
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        for other in sorted(edges.get(name, ())):
            if found := walk(other, [*way, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(edges) if (found := walk(name, []))), [])


def inside(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def of_part(part: str) -> list[str]:
    found = [name for name in modules() if inside(name, part)]
    assert len(found) > 5, part
    return found


# --- the diagram ---------------------------------------------------------------------------


def diagram() -> tuple[dict[str, str], set[tuple[str, str]]]:
    """Paths of the nodes by name; solid arrows."""
    block = text_of(ARCHITECTURE).split("```mermaid\n")[1].split("```")[0]
    nodes = dict(re.findall(r'(\w+)\["([^"]+)"\]', block))
    lines = re.sub(r'\["[^"]+"\]', "", block).splitlines()[1:]
    solid = set()
    for line in lines:
        arrow = re.fullmatch(r' +(\w+) (-->|-\. "[^"]+" \.->) (\w+)', line)
        assert arrow, line
        assert {arrow[1], arrow[3]} <= set(nodes), line
        if arrow[2] == "-->":
            solid.add((arrow[1], arrow[3]))
    return nodes, solid


def test_arrows_are_the_imports() -> None:
    nodes, solid = diagram()
    assert all((ROOT / path).is_dir() for path in nodes.values())

    def node_of(name: str) -> str | None:
        path = modules().get(name)
        if path is None:
            return None
        folder = path.relative_to(ROOT).as_posix()
        fitting = [n for n, place in nodes.items() if folder.startswith(place + "/")]
        return max(fitting, key=lambda n: len(nodes[n]), default=None)

    found = {}
    for name in modules():
        for imported in imports(name):
            ends = node_of(name), node_of(imported)
            if None not in ends and ends[0] != ends[1]:
                found[ends] = f"{name} imports {imported}"
    assert solid - set(found) == set()
    assert {found[arrow] for arrow in set(found) - solid} == set()


# --- the rules -----------------------------------------------------------------------------


def test_the_model_knows_no_http_and_no_server() -> None:
    for name in of_part("handtint_model"):
        wrong = {i for i in imports(name) if inside(i, "handtint_server", "plugins", *HTTP)}
        assert not wrong, name


def files_of(part: str) -> dict[str, set[str]]:
    """Modules of a part, and those of it that each imports, inside functions too."""
    names = of_part(part)
    return {n: {i for i in imports(n) if i in modules() and inside(i, part)} - {n} for n in names}


def test_a_circle_is_seen() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}}) == []


@PARTS
def test_no_file_imports_in_a_circle(part: str) -> None:
    assert circle(files_of(part)) == []


def test_no_file_of_the_plugins_imports_in_a_circle() -> None:
    """A panel's parts know its core's type, and only that."""
    names = of_part("plugins")
    edges = {n: {i for i in imports(n, _when_run) if i in modules()} - {n} for n in names}
    assert circle(edges) == []


@PARTS
def test_folders_import_downwards(part: str) -> None:
    height = {name: i for i, layer in enumerate(LAYERS[part]) for name in layer}
    height["__main__"] = -1
    found = {
        f"{name} imports {other}"
        for name, others in files_of(part).items()
        for other in others
        if "." in name and "." in other and room(name) != room(other)
        if height[room(name)] >= height[room(other)]
    }
    assert found == set()


@PARTS
def test_layers_are_those_of_the_document(part: str) -> None:
    block = text_of(ARCHITECTURE).split("```text\n")[1 + list(LAYERS).index(part)].split("```")[0]
    drawn = [re.findall(r"[a-z_]+", line.split("  ")[0]) for line in block.splitlines()]
    assert drawn == [list(layer) for layer in LAYERS[part]]
    rooms = {room(name) for name in of_part(part) if "." in name} - {"__main__"}
    assert rooms == {name for layer in LAYERS[part] for name in layer}


def test_who_imports_training_and_evaluation() -> None:
    own = ("handtint_model.training", "handtint_model.evaluation")
    users: dict[str, set[str]] = {package: set() for package in own}
    for name in modules():
        for package in own:
            if not inside(name, package) and any(inside(i, package) for i in imports(name)):
                users[package].add(name)
    assert users == {
        "handtint_model.training": {"handtint_server.cli.evaluate", "handtint_server.cli.train"},
        "handtint_model.evaluation": {
            "handtint_model.training.photos",
            "handtint_server.cli.train",
            "handtint_server.cli.evaluate",
        },
    }


def test_what_the_server_takes_of_the_model() -> None:
    bullet = text_of(ARCHITECTURE).split("- Apart from these two")[1].split("\n- ")[0]
    described = set(re.findall(r"`(handtint_model(?:\.[a-z]\w*)+)`", bullet))
    two = ("handtint_server.cli.train", "handtint_server.cli.evaluate")
    taken = set()
    for name in of_part("handtint_server"):
        if name in two:
            continue
        taken |= {i for i in imports(name) if inside(i, "handtint_model")}
        for node in ast.walk(tree_of(modules()[name])):
            if isinstance(node, ast.ImportFrom) and node.module == "handtint_model":
                names = {a.name for a in node.names} - set(handtint_model.__all__)
                assert all(f"handtint_model.{n}" in described for n in names), name
    assert taken - {"handtint_model"} == described


def test_the_server_imports_torch_late() -> None:
    used = {n for n in of_part("handtint_server") if any(inside(i, "torch") for i in imports(n))}
    assert used, "nothing left to look for"
    for name in of_part("handtint_server"):
        assert not any(inside(i, "torch") for i in imports(name, _at_once)), name


def test_what_plugins_import() -> None:
    for name in of_part("plugins"):
        own = name.split(".")[1]
        allowed = {"plugins.client", f"plugins.{own}"}
        for imported in imports(name):
            first = imported.split(".")[0]
            ours = inside(imported, *allowed) or (name == GIMP_MAIN and first == "handtint_gimp")
            host = first in HOSTS and own != "client"
            assert ours or host or first in sys.stdlib_module_names, f"{name}: {imported}"


def test_the_client_is_copied_and_its_protocol_opens_nothing() -> None:
    for name in of_part("plugins.client"):
        assert not any(inside(i, *HOSTS, "plugins.gimp", "plugins.krita") for i in imports(name))
    for name in ("plugins.client.protocol", "plugins.client.messages"):
        wrong = {i for i in imports(name) if inside(i, *HTTP, "subprocess", "os", "threading")}
        assert not wrong, name


# --- names in backticks --------------------------------------------------------------------


@cache
def code() -> str:
    """What may hold a name that is no path and no module."""
    files = [*modules().values(), *(ROOT / "tests").rglob("*.py")]
    files = [path for path in files if path != Path(__file__)]
    files += [ROOT / name for name in ("Makefile", "pyproject.toml", "CHANGELOG.md")]
    files += [ROOT / "docs" / "http-api.md", ROOT / "docs" / "cli.md", ROOT / "docs" / "serve.md"]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def without_diagram(document: str) -> str:
    return re.sub(r"```.*?```", "", text_of(document), flags=re.DOTALL)


def names_in(document: str) -> list[str]:
    found = re.findall(r"`([^`\n]+)`", without_diagram(document))
    assert len(found) > 40
    return [name for name in found if "<" not in name]  # <editor> stands for a name


def paths_in_code_blocks(document: str) -> list[str]:
    lines = [line for line in without_diagram(document).splitlines() if line.startswith("    ")]
    words = [word for line in lines for word in line.split("#")[0].split()]
    tops = {path.name for path in ROOT.iterdir() if path.is_dir()} - {".venv"}
    return [word for word in words if word.split("/")[0] in tops and "/" in word]


def exists(path: str) -> bool:
    if path.startswith(MADE):
        return True
    return any((ROOT / place / path).exists() for place in PLACES)


def defines(tree: ast.AST, names: list[str]) -> bool:
    """Whether a module or class has a name at its top, and that one the next."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == names[0]:
            return len(names) == 1 or defines(node, names[1:])
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(t, ast.Name) and t.id == names[0] for t in targets):
            return len(names) == 1
    return False


def is_module_or_in_one(name: str) -> bool:
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        for place in ("", "plugins.client."):
            path = modules().get(place + ".".join(parts[:cut]))
            if path is not None:
                return cut == len(parts) or defines(tree_of(path), parts[cut:])
    return any(defines(tree_of(path), parts) for path in modules().values())


def fault(name: str, document: str) -> str:
    """What is wrong with a name in backticks, or ""."""
    words = name.split()
    if words[0] == "make" and len(words) > 1:
        is_target = re.search(rf"^{re.escape(words[1])}:", text_of("Makefile"), re.MULTILINE)
        return "" if is_target else "no target of the Makefile"
    if words[0] == "handtint" and len(words) > 1:
        return "" if words[1] in COMMANDS or words[1].startswith("-") else "no command"
    if words[0] == "git":
        return ""
    if re.fullmatch(r"[\w.-]+(/[\w.-]*)+", name):
        return "" if exists(name) else "no such file or folder"
    if re.fullmatch(r"[\w.-]+\.(py|md|toml|txt|sh)", name):
        full = [n for n in names_in(document) if "/" in n and exists(n)]
        beside = any((ROOT / n).parent.joinpath(name).is_file() for n in full)
        return "" if exists(name) or beside else "no such file, nor beside one that is named"
    dotted = re.sub(r"\(.*\)$", "", name)
    ours = not dotted.endswith(".json") and not dotted.startswith("http.")
    if ours and re.fullmatch(r"[A-Za-z_]\w*(\.\w+)+", dotted):
        return "" if is_module_or_in_one(dotted) else "no such module, or nothing in it"
    if re.fullmatch(r"[A-Za-z_]\w*", dotted):
        there = exists(name) or re.search(rf"\b{dotted}\b", code())
        return "" if there else "nothing of that name"
    return "" if dotted.removesuffix("*") in code() else "nothing of that name"


@pytest.mark.parametrize("document", BOTH)
def test_names_exist(document: str) -> None:
    faults = {name: fault(name, document) for name in names_in(document)}
    assert {name: what for name, what in faults.items() if what} == {}
    assert [path for path in paths_in_code_blocks(document) if not exists(path)] == []


@pytest.mark.parametrize("document", [*BOTH, "README.md"])
def test_links_lead_somewhere(document: str) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text_of(document))
    assert links
    folder = (ROOT / document).parent
    assert [link for link in links if "://" not in link and not (folder / link).exists()] == []


@pytest.mark.parametrize("document", BOTH)
def test_the_readme_leads_there(document: str) -> None:
    assert f"]({document})" in text_of("README.md")


def test_one_version() -> None:
    """The package holds the version; the project's file only says where."""
    place = re.search(r'\[tool.hatch.version\]\npath = "(.+)"', text_of("pyproject.toml"))
    assert place is not None
    assert f'__version__ = "{handtint_server.__version__}"' in text_of(place[1])
    assert re.search(r'^version = "', text_of("pyproject.toml"), re.MULTILINE) is None
