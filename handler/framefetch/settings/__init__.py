"""Every setting, typed, and the only reader of the environment.

`table` has the settings of the service, `declare` how one is declared, `platform` what else is read.
"""

from framefetch.settings.declare import BadSetting
from framefetch.settings.platform import platform_variable
from framefetch.settings.table import Settings

__all__ = ["BadSetting", "Settings", "platform_variable"]
