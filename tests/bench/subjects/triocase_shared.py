"""triocase with ``@shared_run``: a Trio run for each class."""

from triocase import shared_run

from . import triocase_each as each


@shared_run
class TestEmpty(each.TestEmpty):
    pass


@shared_run
class TestSetup(each.TestSetup):
    pass


@shared_run
class TestBackground(each.TestBackground):
    pass


@shared_run
class TestFixture(each.TestFixture):
    pass


@shared_run
class TestCheckpoints(each.TestCheckpoints):
    pass
