"""Films that the tests make for themselves.

Every picture carries its number, and every film knows which picture is right at any time, from how
it was made and not from how it is read.
"""

from tests.films.encoding import make_film
from tests.films.film import Film, Shown
from tests.films.recipes import RECIPES, Recipe
from tests.films.refused import REFUSED, make_refused
from tests.films.shelf import Shelf

__all__ = ["RECIPES", "REFUSED", "Film", "Recipe", "Shelf", "Shown", "make_film", "make_refused"]
