# SPDX-License-Identifier: MIT
"""Compares README.md and docs/*.md with the project they describe.

    check_text.py SOURCE_FOLDER [YOKE_COMMAND]

- A C block follows a comment <!-- compiled: FILE --> or <!-- compiled: FILE#NAME --> and
  is that file but for its licence line, or what stands in it between "begin NAME" and
  "end".
- A block that follows <!-- output: yoke WORDS --> is what that command prints.
- Links lead to files and headings that exist.
- Names of functions, types, constants, files and environment variables are known.
- The guide's table of environment variables, `yoke --help` and the library's table agree.
- Every status and every function is explained.
"""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(sys.argv[1]).resolve()
command = sys.argv[2] if len(sys.argv) > 2 else ""
pages = {path: path.read_text() for path in [root / "README.md", *root.glob("docs/*.md")]}
failures = []


def fail(page, text):
    failures.append(f"{page.relative_to(root)}: {text}")


def tree(folders, suffixes):
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in suffixes:
                yield path.read_text()


headers = "\n".join(tree(["include"], {".h"}))
public = "\n".join(path.read_text() for path in sorted(root.glob("include/yoke/*.h")))
library = "\n".join(tree(["src"], {".c", ".h"}))
everything = headers + library + "\n".join(
    tree(["kernels", "examples", "tests", "cmake", "bench"],
         {".c", ".h", ".cl", ".sh", ".cmake", ".txt"})
) + "\n".join((root / name).read_text() for name in ["CMakeLists.txt", "tests/run"])


def region(name):
    path, _, part = name.partition("#")
    text = (root / path).read_text()
    if not part:
        return text.split("\n", 1)[1]
    found = re.search(rf"/\* begin {part} \*/\n(.*?)/\* end \*/", text, re.S)
    return found.group(1) if found else ""


def blocks(text):
    """(comment before, language, content) of each fenced block."""
    pattern = r"(?:<!-- (compiled|output): (.*?) -->\n)?```(\w*)\n(.*?)```"
    return [(kind, what, language, content)
            for kind, what, language, content in re.findall(pattern, text, re.S)]


def check_blocks(page, text):
    for kind, what, language, content in blocks(text):
        if language == "c" and kind != "compiled":
            fail(page, f"a C block is not compiled: {content[:60]!r}")
        if kind == "compiled" and content != region(what):
            fail(page, f"the block is not what {what} says")
        if kind == "output" and command:
            words = what.split()[1:]
            if content != subprocess.run([command, *words], capture_output=True, text=True,
                                         check=False).stdout:
                fail(page, f"the block is not what '{what}' prints")


def anchors(text):
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    for heading in re.findall(r"^#+ (.*)$", text, re.M):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def check_links(page, text):
    for link in re.findall(r"\]\(([^)]*)\)", text):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if "://" in link:
            continue
        if not target.exists():
            fail(page, f"no such file: {link}")
        elif anchor and anchor not in anchors(target.read_text()):
            fail(page, f"no such heading: {link}")


def check_names(page, text):
    if page.name == "CHANGELOG.md":  # what was before stands in a table's first column
        text = re.sub(r"^\|[^|\n]*\|", "|", text, flags=re.M)
    for name in sorted(set(re.findall(r"\b(?:yoke|YOKE|yk|YK)_\w+", text))):
        end = "" if name.endswith("_") else r"\b"  # a prefix, or a name
        if not re.search(rf"\b{re.escape(name)}{end}", everything):
            fail(page, f"{name} is not known")
    for name in sorted(set(re.findall(r"`((?:src|include|kernels|examples|tests|cmake|"
                                      r"docs)/[\w./-]+)`", text))):
        if not re.search(r"NAME|FOLDER", name) and not (root / name).exists():
            fail(page, f"{name} does not exist")


def check_complete():
    guide = pages[root / "docs/guide.md"]
    for name in re.findall(r"X\((YOKE_\w+),", headers):
        if f"`{name}`" not in guide:
            fail(root / "docs/guide.md", f"the status {name} is not explained")
    for name in re.findall(r"\byoke_[a-z_]+(?=\()", public):
        if not re.search("_sized$|_counted$", name) and not any(name in text for text in pages.values()):
            fail(root / "docs/guide.md", f"{name} is mentioned nowhere")


def settings():
    """(name, type, default, help) of each variable in the library's table."""
    text = (root / "src/base/settings_table.h").read_text()
    table = text.split("define YK_SETTING_TABLE(X)")[1].split("\n\n")[0]
    for name, kind, rest in re.findall(r'X\(\w+, "(\w+)", (\w+),(.*?)\)(?=\s*\\?\n\s*X\(|$)',
                                       table.replace("\\\n", "\n"), re.S):
        yield (name, kind, *re.findall(r'"([^"]*)"', rest))


def check_settings():
    """The guide's rows are the table's, but for links and marks; nothing else is read."""
    path = root / "docs/guide.md"
    section = pages[path].split("\n## Environment variables\n")[1].split("\n## ")[0]
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", section).replace("`", "")
    rows = [tuple(cell.strip() for cell in row.split("|")[1:-1])
            for row in re.findall(r"^\| YOKE_.*$", plain, re.M)]
    table = list(settings())
    for row in [row for row in table if row not in rows]:
        fail(path, f"the table of variables has no row like {row}")
    for row in [row for row in rows if row not in table]:
        fail(path, f"the library's table of variables has no row like {row}")
    for name in sorted(set(re.findall(r'(?:yk_env_\w+|getenv)\("(YOKE_\w+)"', library))):
        fail(root / "src/base/settings_table.h", f"{name} is read, but is not in the table")
    help_text = (subprocess.run([command, "--help"], capture_output=True, text=True,
                                check=False).stdout if command else "")
    for name, _, default, meaning in table if command else []:
        if not re.search(rf"\b{name}\b.*{re.escape(default)}.*\n +{re.escape(meaning)}\n",
                         help_text):
            fail(path, f"yoke --help does not explain {name}")


for page_path, page_text in pages.items():
    check_blocks(page_path, page_text)
    check_links(page_path, page_text)
    check_names(page_path, page_text)
check_complete()
check_settings()
print("\n".join(failures) or f"{len(pages)} pages agree with the project")
sys.exit(1 if failures else 0)
