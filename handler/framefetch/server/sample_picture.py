"""The sample film's picture: a day at a mountain lake, from dawn to night, between two film edges.

In: how much of the day is over, the light and dark perforations, two texts. Out: a Pillow image.
Everything is drawn from sines and a few colours; the same input gives the same pixels.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

    Colour = tuple[int, int, int]

WIDTH, HEIGHT = 1280, 720
HOLES = 16
BAND = 10
"""Each edge is a tenth of the picture's height."""


class Balloon(NamedTuple):
    """A sprite, and the line that it drifts along: x and y at the film's start and end."""

    sprite: Image.Image
    start: tuple[int, int]
    stop: tuple[int, int]


class Painter:
    """Holds everything that is drawn once, and paints pictures from it."""

    EDGE = HEIGHT // BAND
    SKY_TOP = EDGE
    SHORE = 508
    BOTTOM = HEIGHT - EDGE

    def __init__(self) -> None:
        self._edge = _film_edge(self.EDGE)
        self._stars = _stars(WIDTH, self.SHORE - self.SKY_TOP)
        # Pillow's gradient is 181 at the middle of each side: black from there on, or the corners show.
        glow = Image.radial_gradient("L").point([max(0, 180 - v) ** 3 // 23_000 for v in range(256)])
        self._glow = glow.resize((720, 720), Image.Resampling.BICUBIC)
        self._halo = glow.resize((320, 320), Image.Resampling.BICUBIC)
        self._sun, self._moon = _disc(92), _disc(56)
        self._hills = [
            (_hills(270, 210, (0.9, 2.3, 5.1), sharp=True), 60, (74, 92, 148)),
            (_hills(180, 130, (1.7, 3.9, 8.3), sharp=True), 130, (40, 66, 112)),
            (_hills(120, 56, (2.9, 6.1, 11.0), sharp=False), 260, (14, 38, 52)),
        ]
        self._balloons = [
            Balloon(_balloon(118, (214, 64, 69), (250, 214, 165)), (1010, 300), (760, 96)),
            Balloon(_balloon(72, (38, 120, 142), (244, 241, 222)), (360, 214), (250, 100)),
            Balloon(_balloon(46, (242, 165, 65), (94, 60, 108)), (610, 250), (560, 150)),
        ]
        self._large = ImageFont.load_default(76)
        self._small = ImageFont.load_default(24)

    def paint(self, part: float, perforations: Sequence[bool], figures: str, caption: str) -> Image.Image:
        """One picture.

        Args:
            part: how much of the film is over, 0 to 1.
            perforations: of the lower edge, left to right; True is a light one.
            figures: large, at the left.
            caption: small, at the right.
        """
        high, low, light = _palette(part)
        picture = Image.new("RGB", (WIDTH, HEIGHT))
        sky = _gradient(high, low, (WIDTH, self.SHORE - self.SKY_TOP))
        picture.paste(sky, (0, self.SKY_TOP))
        if light < 0.5:
            dim = 1 - 2 * light
            picture.paste(
                (255, 255, 255), (0, self.SKY_TOP), self._stars.point([int(v * dim) for v in range(256)])
            )
        x, y, colour = self._paint_sun(picture, part, low)
        for depth, (mask, pan, tint) in enumerate(self._hills):
            shift = int(pan * part)
            window = mask.crop((shift, 0, shift + WIDTH, mask.height))
            shade = _mix(_mix(low, tint, 0.5 + 0.17 * depth), (8, 10, 30), 0.6 - 0.6 * light)
            mist = _mix(shade, low, (0.38, 0.38, 0)[depth])
            slope = _gradient(shade, mist, window.size)
            picture.paste(slope, (0, self.SHORE - mask.height), window)
        for balloon in self._balloons:
            self._paint_balloon(picture, balloon, part)
        self._paint_lake(picture, part, high, (x, y), colour)
        picture.paste(self._edge[0], (0, 0))
        for index, bit in enumerate(perforations):
            left, right = WIDTH * index // HOLES, WIDTH * (index + 1) // HOLES
            picture.paste(self._edge[bit].crop((left, 0, right, self.EDGE)), (left, HEIGHT - self.EDGE))
        self._paint_figures(picture, figures, caption)
        return picture

    def _paint_sun(self, picture: Image.Image, part: float, low: Colour) -> tuple[int, int, Colour]:
        """The sun until it has set, then the moon."""
        night = part > 0.8
        way = (part - 0.8) / 0.34 if night else (part + 0.03) / 0.8
        x = int(WIDTH * (0.12 + 0.78 * way))
        y = int(self.SHORE + 70 - 460 * math.sin(math.pi * way))
        colour = (226, 232, 250) if night else _mix(low, (255, 250, 226), 0.55)
        glow = self._halo if night else self._glow
        picture.paste(colour, (x - glow.width // 2, y - glow.height // 2), glow)
        disc = self._moon if night else self._sun
        shine = (240, 243, 255) if night else _mix(colour, (255, 255, 244), 0.7)
        picture.paste(shine, (x - disc.width // 2, y - disc.height // 2), disc)
        return x, y, colour

    def _paint_balloon(self, picture: Image.Image, balloon: Balloon, part: float) -> None:
        sprite, start, stop = balloon
        sway = 6 * math.sin(part * 25 + sprite.width)
        x = round(start[0] + (stop[0] - start[0]) * part + sway)
        y = round(start[1] + (stop[1] - start[1]) * part)
        picture.paste(sprite, (x, y), sprite)

    def _paint_lake(
        self, picture: Image.Image, part: float, high: Colour, sun: tuple[int, int], shine: Colour
    ) -> None:
        """What stands above the shore, upside down and flatter, with the sun's glitter on it."""
        height = self.BOTTOM - self.SHORE
        above = picture.crop((0, self.SHORE - 3 * height, WIDTH, self.SHORE))
        flat = above.resize((WIDTH, height), Image.Resampling.BOX)
        mirrored = flat.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        water = Image.blend(mirrored, Image.new("RGB", mirrored.size, _mix(high, (8, 14, 34), 0.55)), 0.38)
        picture.paste(water, (0, self.SHORE))
        pen = ImageDraw.Draw(picture)
        for row in range(3, height, 5):
            wave = math.sin(row * 1.9 + part * 160) + math.sin(row * 0.7 - part * 95)
            half = int((14 + row * 0.42) * (0.75 + 0.25 * wave))
            middle = sun[0] + int(5 * math.sin(row * 2.3 + part * 120))
            tone = _mix(_mix(high, shine, 0.75), shine, 1 - row / height)
            pen.line((middle - half, self.SHORE + row, middle + half, self.SHORE + row), tone, 2)

    def _paint_figures(self, picture: Image.Image, figures: str, caption: str) -> None:
        pen = ImageDraw.Draw(picture)
        base = self.BOTTOM - 22
        for offset, colour in ((2, (10, 14, 30)), (0, (255, 255, 255))):
            pen.text((44 + offset, base + offset), figures, colour, self._large, anchor="ls")
            pen.text((WIDTH - 44 + offset, base + offset), caption, colour, self._small, anchor="rs")


def _palette(part: float) -> tuple[Colour, Colour, float]:
    """The sky's upper and lower colour, and how much daylight there is, from 0 to 1."""
    stops: tuple[tuple[float, Colour, Colour, float], ...] = (
        (0.00, (44, 48, 104), (250, 150, 116), 0.35),
        (0.16, (74, 126, 196), (255, 208, 164), 0.8),
        (0.40, (44, 122, 206), (196, 228, 244), 1.0),
        (0.58, (70, 104, 176), (255, 200, 128), 0.8),
        (0.74, (60, 44, 108), (246, 112, 88), 0.4),
        (0.86, (18, 22, 62), (104, 70, 122), 0.1),
        (1.00, (6, 10, 36), (36, 52, 100), 0.0),
    )
    for (begin, high, low, light), (end, next_high, next_low, next_light) in pairwise(stops):
        if part <= end:
            share = (part - begin) / (end - begin)
            return (
                _mix(high, next_high, share),
                _mix(low, next_low, share),
                light + (next_light - light) * share,
            )
    return stops[-1][1:]


def _gradient(above: Colour, below: Colour, size: tuple[int, int]) -> Image.Image:
    """One colour that becomes another on the way down, late rather than soon."""
    column = Image.new("RGB", (1, 6))
    for row in range(6):
        column.putpixel((0, row), _mix(above, below, (row / 5) ** 1.3))
    # In two steps: widening one column pixel by pixel is cheap, interpolating it is not.
    column = column.resize((1, size[1]), Image.Resampling.BICUBIC)
    return column.resize(size, Image.Resampling.NEAREST)


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    """``share`` of the other colour, the rest of the first."""
    share = min(1.0, max(0.0, share))
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _film_edge(height: int) -> tuple[Image.Image, Image.Image]:
    """A strip of film edge with dark perforations, and one with light ones."""
    strips = []
    for fill in ((30, 33, 46), (248, 244, 232)):
        strip = Image.new("RGB", (WIDTH * 2, height * 2), (9, 10, 16))
        pen = ImageDraw.Draw(strip)
        cell = WIDTH * 2 / HOLES
        for index in range(HOLES):
            box = (cell * (index + 0.14), height * 0.3, cell * (index + 0.86), height * 1.7)
            pen.rounded_rectangle(box, radius=height * 0.3, fill=fill)
        strips.append(strip.resize((WIDTH, height), Image.Resampling.LANCZOS))
    return strips[0], strips[1]


def _hills(height: int, swing: int, tones: tuple[float, float, float], *, sharp: bool) -> Image.Image:
    """A ridge as a mask, wider than the picture by what it is panned."""
    width, scale = WIDTH + 300, 2
    points = [(0.0, float(height * scale))]
    for x in range(0, width + 4, 4):
        turn = 2 * math.pi * x / width
        waves = [math.sin(tone * turn + 2.1 * tone) for tone in tones]
        if sharp:
            # Peaks instead of waves: the arc sine of a sine is a zigzag.
            waves = [math.asin(wave) * 2 / math.pi for wave in waves]
        rough = math.asin(math.sin(29 * turn)) * 0.035 + math.asin(math.sin(67 * turn + 1)) * 0.02
        level = 0.5 + (waves[0] * 0.5 + waves[1] * 0.32 + waves[2] * 0.18) / 2 + (rough if sharp else 0)
        points.append((x * scale, (swing - level * swing + (0 if sharp else 50)) * scale))
    points.append((width * scale, height * scale))
    ridge = Image.new("L", (width * scale, height * scale))
    pen = ImageDraw.Draw(ridge)
    pen.polygon(points, fill=255)
    if not sharp:
        _plant_pines(pen, points[1:-1], scale)
    return ridge.resize((width, height), Image.Resampling.LANCZOS)


def _plant_pines(pen: ImageDraw.ImageDraw, ground: list[tuple[float, float]], scale: int) -> None:
    """Pines along the ridge, in groves."""
    for index, (x, y) in enumerate(ground[::2]):
        grove = math.sin(index * 0.071) + math.sin(index * 0.029 + 1)
        if grove < 0.1:
            continue
        tall = (22 + 15 * math.sin(index * 1.7) * math.sin(index * 0.9) + 8 * grove) * scale
        for tier in range(3):
            foot = y - tall * tier * 0.25 + 6 * scale
            half = tall * (0.22 - 0.05 * tier)
            pen.polygon([(x - half, foot), (x, foot - tall * 0.55), (x + half, foot)], fill=255)


def _stars(width: int, height: int) -> Image.Image:
    """A night sky as a mask: golden-ratio steps scatter well, and always alike."""
    sky = Image.new("L", (width, height))
    pen = ImageDraw.Draw(sky)
    for index in range(1, 190):
        x, y = index * 0.6180339887 % 1 * width, (index * 0.7548776662 % 1) ** 1.4 * height
        size = 1 if index % 7 else 2
        pen.ellipse((x, y, x + size, y + size), fill=90 + index * 37 % 160)
    return sky


def _disc(size: int) -> Image.Image:
    disc = Image.new("L", (size * 4, size * 4))
    ImageDraw.Draw(disc).ellipse((2, 2, size * 4 - 3, size * 4 - 3), fill=255)
    return disc.resize((size, size), Image.Resampling.LANCZOS)


def _balloon(size: int, one: Colour, other: Colour) -> Image.Image:
    """A striped hot-air balloon, `size` pixels wide."""
    scale = 4
    wide, tall = size * scale, size * scale * 14 // 10
    sprite = Image.new("RGBA", (wide, tall), (0, 0, 0, 0))
    pen = ImageDraw.Draw(sprite)
    basket = wide * 0.09
    for side in (-1, 1):
        pen.line(
            (wide / 2 + side * wide * 0.3, wide * 0.86, wide / 2 + side * basket, tall * 0.93),
            (60, 44, 40, 255),
            scale,
        )
    # Gores: ever narrower ellipses over one another, so that the stripes meet at the crown.
    for index, part in enumerate((1.0, 0.72, 0.44, 0.16)):
        colour = one if index % 2 == 0 else other
        half = wide / 2 * part
        pen.ellipse((wide / 2 - half, 0, wide / 2 + half - 1, wide), fill=(*colour, 255))
    foot = [(wide * 0.07, wide * 0.76), (wide * 0.93, wide * 0.76), (wide * 0.6, tall * 0.82)]
    foot.append((wide * 0.4, tall * 0.82))
    skirt = Image.new("L", sprite.size)
    ImageDraw.Draw(skirt).polygon(foot, fill=255)
    sprite.paste((*one, 255), (0, 0), skirt)
    for part, colour in ((0.6, other), (0.3, one), (0.1, other)):
        edge = [(wide * (0.5 - 0.43 * part), wide * 0.76), (wide * (0.5 + 0.43 * part), wide * 0.76)]
        edge += [(wide * (0.5 + 0.1 * part), tall * 0.82), (wide * (0.5 - 0.1 * part), tall * 0.82)]
        pen.polygon(edge, fill=(*colour, 255))
    box = (wide / 2 - basket, tall * 0.9, wide / 2 + basket, tall - 1)
    pen.rounded_rectangle(box, radius=3 * scale, fill=(92, 62, 46, 255))
    return sprite.resize((size, size * 14 // 10), Image.Resampling.LANCZOS)
