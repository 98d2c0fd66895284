"""How Sphinx builds these pages: ``sphinx-build -nW -b html docs <output folder>``."""

from triocase import __version__

project = "triocase"
author = "the triocase authors"
copyright = f"2026, {author}"
release = version = __version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "examples"]
html_theme = "furo"
pygments_dark_style = "a11y-high-contrast-dark"
# What `:end-before:` leaves of the blank lines above it is not shown.
highlight_options = {name: {"stripnl": True} for name in ["default", "python"]}
html_title = f"triocase {release}"
html_static_path = ["_static"]
html_css_files = ["custom.css"]

add_module_names = False
autodoc_typehints_format = "short"

# The pages are built without a network, so what others define has no page to link to.
nitpick_ignore = [
    ("py:class", name)
    for name in [
        "T",  # a type variable
        *("AbstractAsyncContextManager", "AbstractContextManager"),
        *("Clock", "Instrument", "MockClock", "Nursery"),  # Trio's
    ]
]
nitpick_ignore += [("py:func", "trio.to_thread.run_sync")]
