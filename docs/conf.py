"""Settings of the manual (Sphinx with MyST)."""

project = "elman"
author = "The elman developers"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "elman"
html_static_path: list[str] = []
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "description"
napoleon_custom_sections = [("Source", "notes_style")]
nitpicky = False


def equations_as_literal_blocks(_app, _what, _name, _object, _options, lines: list[str]) -> None:
    """Docstrings set equations as indented lines; Sphinx has to be told not to read them as prose."""
    for i in range(len(lines) - 1, 1, -1):
        before = next((line for line in reversed(lines[:i]) if line.strip()), "")
        begins = lines[i].startswith("    ") and not lines[i - 1].strip()
        if begins and not before.startswith(" ") and not before.rstrip().endswith(":"):
            lines[i:i] = ["::", ""]


def setup(app) -> None:
    """Called by Sphinx; 400 is before napoleon's 500."""
    app.connect("autodoc-process-docstring", equations_as_literal_blocks, priority=400)
