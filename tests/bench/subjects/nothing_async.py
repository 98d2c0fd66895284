"""A sync ``unittest.TestCase``: what unittest costs, and how pytest runs its classes."""

import unittest

from ..work import many, ran


class TestEmpty(unittest.TestCase):
    @many(vars())
    def test_empty(self):
        ran.append("empty")


class TestSetup(unittest.TestCase):
    def setUp(self):
        pass

    def tearDown(self):
        pass

    @many(vars())
    def test_setup(self):
        ran.append("setup")
