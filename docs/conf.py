"""How Sphinx builds these pages: ``sphinx-build -nW -b html docs <output folder>``."""

from triocase import __version__

project = "triocase"
author = "the triocase authors"
copyright = f"2026, {author}"
release = version = __version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "examples"]
html_theme = "furo"
html_title = f"triocase {release}"

add_module_names = False
autodoc_typehints_format = "short"

# The pages are built without a network, so what others define has no page to link to.
nitpick_ignore = [
    ("py:class", name)
    for name in [
        # type variables, and an alias made of them
        *("E", "P", "P.args", "P.kwargs", "T", "triocase._assertions.E", "Expected"),
        # the standard library
        *("AbstractAsyncContextManager", "AbstractContextManager"),
        *("Awaitable", "BaseExceptionGroup", "Callable", "Sequence"),
        *("unittest.case.TestCase",),
        # Trio
        *("Clock", "Instrument", "trio.Nursery", "trio.testing.MockClock"),
    ]
]
nitpick_ignore += [("py:func", "trio.to_thread.run_sync")]
