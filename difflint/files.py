"""Reads Python files: locations in, `Sources` out, with a `FileError` for each that cannot be linted."""

from __future__ import annotations

import ast
import io
import os
import re
import stat
import tokenize
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import takewhile
from pathlib import Path

from difflint import contents
from difflint.findings import FileError, Place, TraceStep
from difflint.notebooks import Cells, NotANotebook, read_notebook

SIZE_LIMIT = 5 * 1024 * 1024  # bytes; larger files are generated tables, not code that a person fixes
NOTEBOOK_LIMIT = 100 * 1024 * 1024  # a notebook holds its outputs as well; its code is held to the limit above
NOTEBOOK = ".ipynb"

_BRACKET = re.compile(r"[()\[\]{}]")
_BRACKET_LIMIT = 200  # CPython's own: MAXLEVEL in Parser/tokenizer.h
_LINE_LIMIT = 10_000  # characters; below that no expression without brackets is deep enough to matter
_NEWLINE = re.compile(r"\r\n|\r|\n")
_PROJECT_MARKERS = (".git", ".difflint.toml", "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt")

_MARKERS_OF_ARCHIVES = (
    ("LICENSE", "LICENSE.txt", "LICENSE.md", "environment.yml", "environment.yaml", "Pipfile"),
    ("README.md", "README.rst", "README.txt", "README", "readme.md"),
)

# A file can only hold a finding when it names a library that makes or shows arrays AND something that
# starts, changes or ends an image's way. Files left out here are still read when another file imports them.
_LIBRARY = re.compile(
    rb"torch|numpy|\bPIL\b|diffusers|jax|tensorflow|keras|cv2|imageio|matplotlib|skimage"
    rb"|einops|accelerate|lightning|wandb|\bimport\s+np\b"
)
_IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t]+\.*([\w.]+)", re.MULTILINE)
_SOURCE_OR_SINK = re.compile(
    rb"save_image|make_grid|ToPILImage|to_pil_image|fromarray|imshow|imsave|imwrite|wandb|add_images?\b|\.save\("
    rb"|uint8|\.byte\(|ToTensor|to_tensor|Normalize|normalize|127\.5|255|randn|backward|autocast|float16|\.half\("
    rb"|[Ss]igmoid|[Tt]anh|[Ss]oftmax|ReLU|relu|mse_loss|MSELoss|l1_loss|L1Loss|Scheduler|\.sample\(|\.decode\("
    rb"|cumprod|beta|alpha|sigma|noise|zero_grad|optim|scaling_factor|GradScaler|\b[Ee][Mm][Aa]"
    rb"|autograd|[Ll]oss|\bsnr\b|from_numpy|cvtColor|imread|log_?var|kl_div|KLDiv|cross_entropy|CrossEntropy|BCE|(?i:lpips|psnr|ssim)|\b[Ff][Ii][Dd]\b"
    rb"|timestep|latents|guidance|denois|cfg_scale|uncond|\bF\.dropout|functional\.dropout|load_state_dict"
)


@dataclass(frozen=True)
class SourceFile:
    """A Python file as text, or the Python of a notebook.

    ``path`` is how the file is named in reports, ``location`` is where it lies (absolute), and ``project`` is
    the folder up to which its absolute imports are looked for. ``cells`` tells where the cells of a notebook stand in
    its text, and ``errors`` which of them are missing.
    """

    path: str
    text: str
    location: Path
    project: Path
    cells: Cells | None = None
    errors: tuple[FileError, ...] = ()

    def lines(self, cell: int | None = None) -> list[str]:
        """The lines of the file, or of one cell of a notebook."""
        lines = split_lines(self.text)
        return lines if cell is None or self.cells is None else self.cells.lines(lines, cell)

    def place(self, place: Place) -> Place:
        """A place in the text as a reader of the file finds it."""
        return self.cells.place(place) if self.cells else place

    def step(self, step: TraceStep) -> TraceStep:
        """A step of a chain as a reader of the file finds it."""
        return self.cells.step(step) if self.cells else step


class Unreadable(Exception):
    """A file that cannot be linted; ``error`` says why."""

    def __init__(self, error: FileError) -> None:
        super().__init__(f"{error.path}: {error.message}")
        self.error = error


@dataclass(frozen=True)
class Stdin:
    """A file whose content was piped in, and the name it goes by."""

    filename: str
    content: bytes


@dataclass
class Sources:
    """What was read: every requested file by path, those that can hold a finding, and the failures."""

    by_path: dict[str, SourceFile] = field(default_factory=dict)
    relevant: list[SourceFile] = field(default_factory=list)
    errors: list[FileError] = field(default_factory=list)

    def add(self, location: Path, content: bytes | None = None) -> None:
        """Reads the file at ``location``, or takes ``content`` for it."""
        try:
            content = read_bytes(location) if content is None else content
            source = source_from_bytes(content, location)
        except Unreadable as unreadable:
            self.errors.append(unreadable.error)
            return
        self.by_path[source.path] = source
        self.errors.extend(source.errors)
        if may_matter(content if source.cells is None else source.text.encode()):
            self.relevant.append(source)

    def check_the_rest(self) -> None:
        """A file that cannot hold a finding is not analysed, but it should be Python all the same."""
        relevant = {source.path for source in self.relevant}
        rest = (source for source in self.by_path.values() if source.path not in relevant)
        found = ((source.path, syntax_error(source.text)) for source in rest)
        self.errors.extend(FileError(path, message) for path, message in found if message is not None)

    def keep_importers(self) -> None:
        """Also keep the scripts that only wire together what relevant files define."""
        known = {part for source in self.relevant for part in (source.location.stem, source.location.parent.name)}
        kept = {source.path for source in self.relevant}
        importers = [s for s in self.by_path.values() if s.path not in kept and _imports_any(s.text, known)]
        self.relevant = sorted([*self.relevant, *importers], key=lambda source: source.path)


def read_all(locations: Iterable[Path], stdin: Stdin | None = None) -> Sources:
    """The files at ``locations``, and what was piped in."""
    sources = Sources()
    for location in locations:
        sources.add(location)
    if stdin:
        sources.add(absolute(stdin.filename), stdin.content)
    sources.keep_importers()
    sources.check_the_rest()
    return sources


def syntax_error(text: str) -> str | None:
    """Where and what Python itself finds wrong with a text, None if nothing; the text is parsed, never run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python finds odd in a string is not our subject
            compile(text, "", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as error:
        return f"syntax error in line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"syntax error: {error}"
    return None


def _imports_any(text: str, modules: set[str]) -> bool:
    """Whether the text imports from one of these modules or packages."""
    return any(not modules.isdisjoint(match[1].split(".")) for match in _IMPORT.finditer(text))


def read_source(location: Path) -> SourceFile:
    """The file at ``location``; raises `Unreadable`."""
    return source_from_bytes(read_bytes(location), location)


def read_bytes(location: Path) -> bytes:
    """The raw content of a regular file no larger than the limit; raises `Unreadable`."""
    try:
        status = location.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _unreadable(location, "is not a regular file")
        limit = NOTEBOOK_LIMIT if location.suffix == NOTEBOOK else SIZE_LIMIT
        if status.st_size > limit:
            raise _unreadable(location, f"is larger than {limit // 2**20} MB")
        return contents.read(location)
    except OSError as error:
        raise _unreadable(location, _why(location, error)) from error


def source_from_bytes(content: bytes, location: Path) -> SourceFile:
    """``content`` decoded as PEP 263 says, or a notebook's cells; raises `Unreadable`."""
    if location.suffix == NOTEBOOK:
        return _notebook(content, location)
    text = _decode(content, location)
    if _looks_deep(text) and not _python_can_parse(text):
        raise _unreadable(location, "is nested too deeply to be parsed")
    return SourceFile(shown_path(location), text, location, project_of(location.parent))


def _notebook(content: bytes, location: Path) -> SourceFile:
    try:
        notebook = read_notebook(content, syntax_error)
    except NotANotebook as error:
        raise _unreadable(location, str(error)) from error
    if len(notebook.text) > SIZE_LIMIT:
        raise _unreadable(location, f"holds more than {SIZE_LIMIT // 2**20} MB of code")
    path = shown_path(location)
    errors = tuple(FileError(path, fault) for fault in notebook.faults)
    return SourceFile(path, notebook.text, location, project_of(location.parent), notebook.cells, errors)


def may_matter(content: bytes) -> bool:
    """Whether a file with these bytes can hold a finding at all."""
    return bool(_LIBRARY.search(content)) and bool(_SOURCE_OR_SINK.search(content))


def split_lines(text: str) -> list[str]:
    """The lines as Python counts them; `str.splitlines` would also split at form feeds and U+2028."""
    return _NEWLINE.split(text)


def shown_path(location: Path) -> str:
    """``location`` relative to the working directory when it lies below it, with forward slashes."""
    here = Path.cwd()
    return (location.relative_to(here) if location.is_relative_to(here) else location).as_posix()


def absolute(path: str | Path) -> Path:
    """``path`` made absolute without following symbolic links, so that reports name what the user named."""
    return Path(os.path.abspath(path))


@cache
def project_of(folder: Path) -> Path:
    """The nearest folder at or above ``folder`` that is marked as the top of a project.

    Without a mark (an unpacked archive) it is the nearest one with what stands at the top of a repository, else the
    topmost of the folders above that hold Python files themselves.
    """
    for markers in (_PROJECT_MARKERS, *_MARKERS_OF_ARCHIVES):
        for candidate in (folder, *folder.parents):
            if any((candidate / marker).exists() for marker in markers):
                return candidate
    above = takewhile(lambda parent: any(parent.glob("*.py")), folder.parents)
    return [folder, *above][-1]


def _looks_deep(text: str) -> bool:
    """Whether the text might nest further than a parser's stack reaches; brackets in strings count as well here."""
    depth = deepest = 0
    for bracket in _BRACKET.findall(text):
        depth += 1 if bracket in "([{" else -1
        deepest = max(deepest, depth)
    return deepest > _BRACKET_LIMIT or max(map(len, text.splitlines()), default=0) > _LINE_LIMIT


def _python_can_parse(text: str) -> bool:
    """False when Python's own parser gives up on the nesting: LibCST's would overflow the stack and take us with it."""
    try:
        compile(text, "<nesting>", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as error:
        return "nested" not in str(error)  # any other fault is the real parser's to report
    except (MemoryError, RecursionError):
        return False
    return True


def _decode(content: bytes, location: Path) -> str:
    if b"\0" in content:
        raise _unreadable(location, "is a binary file (it holds a null byte)")
    try:
        return content.decode(encoding_of(content))
    except UnicodeDecodeError as error:
        raise _unreadable(location, f"is not {error.encoding} text (byte {error.start})") from error
    except (SyntaxError, LookupError) as error:
        raise _unreadable(location, f"cannot be decoded: {error}") from error


def encoding_of(content: bytes) -> str:
    """The encoding that a Python file declares; with a byte order mark one that reads and writes the mark."""
    return tokenize.detect_encoding(io.BytesIO(content).readline)[0]


def _why(location: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "is a dangling symbolic link" if location.is_symlink() else "does not exist"
    return f"cannot be read: {error.strerror or error}"


def _unreadable(location: Path, message: str) -> Unreadable:
    return Unreadable(FileError(shown_path(location), message))
