"""Settings of the manual (Sphinx with MyST)."""

project = "elman"
author = "The elman developers"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "elman"
html_static_path: list[str] = []
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "description"
napoleon_custom_sections = [("Source", "notes_style")]
nitpicky = False
