"""Programs written for imagehash, in the idioms of its README, as text: run with either library."""

README = """
from PIL import Image
import imagehash

hash = imagehash.average_hash(Image.open(FOLDER + "/0.png"))
print(hash)
otherhash = imagehash.average_hash(Image.open(FOLDER + "/1.png"))
print(otherhash)
print(hash == otherhash, hash != otherhash, hash - otherhash)
for r in range(1, 30, 5):
    rothash = imagehash.average_hash(Image.open(FOLDER + "/0.png").rotate(r))
    print("Rotation by %d: %d Hamming difference" % (r, hash - rothash))
print(repr(hash), len(hash), hash.hash.shape, hash.hash.dtype, hash.hash.flatten().astype(int).sum())
"""

STORED = """
import imagehash
from PIL import Image

original = imagehash.phash(Image.open(FOLDER + "/0.png"))
text = str(original)
read = imagehash.hex_to_hash(text)
assert original == read and str(read) == text and not (read != original)
cutoff = 5
for number in range(6):
    for name in ("average_hash", "phash", "phash_simple", "dhash", "dhash_vertical", "whash"):
        for size in (4, 8, 16):
            value = getattr(imagehash, name)(Image.open(f"{FOLDER}/{number}.png"), hash_size=size)
            again = imagehash.hex_to_hash(str(value) + "\\n" * (size == 8))
            print(name, size, value, value - again, value == again)
            if size == 8:
                print("similar" if value - original < cutoff else "not similar")
    colours = imagehash.colorhash(Image.open(f"{FOLDER}/{number}.png"), binbits=4)
    print(colours, colours - imagehash.hex_to_flathash(str(colours), hashsize=4))
print(imagehash.old_hex_to_hash("ffff3c0810001000"), imagehash.old_hex_to_hash("ff" * 32, hash_size=16))
"""

DUPLICATES = """
import os, imagehash as ih
from PIL import Image

def with_ztransform_preprocess(hashfunc, hash_size=8):
    def function(path):
        image = Image.open(path).convert("L").resize((hash_size, hash_size), ih.ANTIALIAS)
        return hashfunc(image)
    return function

images = {}
for name in sorted(os.listdir(FOLDER)):
    for hashfunc in (ih.dhash, with_ztransform_preprocess(ih.average_hash)):
        image = os.path.join(FOLDER, name)
        key = hashfunc(Image.open(image)) if hashfunc is ih.dhash else hashfunc(image)
        if key in images:
            print(name, "is already there as", images[key])
        images[key] = images.get(key, []) + [name]
for key, names in images.items():
    print(key, " ".join(names))
first = ih.phash(Image.open(FOLDER + "/0.png"))
ranked = sorted((first - ih.phash(Image.open(f"{FOLDER}/{name}")), name) for name in os.listdir(FOLDER))
print(ranked)
print(len(set(images)), len({ih.phash(Image.open(FOLDER + "/0.png")) for _ in range(3)}))
"""

CROPPED = """
import imagehash
from PIL import Image

options = dict(min_segment_size=200, segmentation_image_size=100)
full = [imagehash.crop_resistant_hash(Image.open(f"{FOLDER}/{number}.png"), **options) for number in range(5)]
image = Image.open(FOLDER + "/0.png")
crop = imagehash.crop_resistant_hash(image.crop((60, 40, 400, 300)), imagehash.phash, limit_segments=4, **options)
whole = imagehash.crop_resistant_hash(image, hash_func=imagehash.phash, **options)
print(whole)
print(crop, repr(crop)[:200], len(crop.segment_hashes))
print(whole == crop, whole != crop, whole - crop, crop - whole, whole - whole)
print(whole.hash_diff(crop), whole.hash_diff(crop, bit_error_rate=0.4), whole.hash_diff(crop, hamming_cutoff=3))
print(whole.matches(crop, region_cutoff=2), whole.matches(crop, 1, 30), whole.matches(crop, bit_error_rate=0.05))
for one in full:
    print([one - other for other in full], str(one.best_match(full)) == str(one), one.hash_diff(full[0]))
    stored = imagehash.hex_to_multihash(str(one))
    print(stored == one, stored - one, str(stored) == str(one), hash(stored) == hash(one))
print(sorted(full[1:], key=lambda other: full[0] - other)[0])
print(full[0].best_match(full[1:], hamming_cutoff=20), full[0].best_match(full[1:], bit_error_rate=0.4))
print(imagehash.crop_resistant_hash(image, lambda part: imagehash.colorhash(part, 2), **options))
"""

FAILING = """
import imagehash, numpy
from PIL import Image

image = Image.open(FOLDER + "/0.png")
eight, sixteen = imagehash.phash(image), imagehash.phash(image, 16)
attempts = {
    "one bit average": lambda: imagehash.average_hash(image, hash_size=1),
    "one bit phash": lambda: imagehash.phash(image, hash_size=1),
    "one bit dhash": lambda: imagehash.dhash(image, 1),
    "one bit vertical": lambda: str(imagehash.dhash_vertical(image, 1)),
    "one bit simple": lambda: str(imagehash.phash_simple(image, 1)),
    "no bit simple": lambda: imagehash.phash_simple(image, 0),
    "no bit vertical": lambda: imagehash.dhash_vertical(image, 0),
    "no colour bits": lambda: imagehash.colorhash(image, 0),
    "fewer colour bits": lambda: imagehash.colorhash(image, -1),
    "unlike sizes": lambda: eight - sixteen,
    "none": lambda: eight - None,
    "unlike sizes are unequal": lambda: (eight == sixteen, eight != sixteen),
    "wavelet of 7": lambda: imagehash.whash(image, hash_size=7),
    "wavelet scale 100": lambda: imagehash.whash(image, image_scale=100),
    "wavelet scale below": lambda: imagehash.whash(image, hash_size=16, image_scale=8),
    "unknown wavelet": lambda: imagehash.whash(image, mode="nonesuch"),
    "db4": lambda: str(imagehash.whash(image, mode="db4", remove_max_haar_ll=False)),
    "no hexadecimal": lambda: imagehash.hex_to_hash("xyz"),
    "empty": lambda: imagehash.hex_to_hash(""),
    "negative": lambda: imagehash.hex_to_hash("-fff"),
    "number": lambda: imagehash.hex_to_hash(255),
    "prefix": lambda: str(imagehash.hex_to_hash("0xffff00000000ffff")),
    "upper case": lambda: str(imagehash.hex_to_hash("FFFF00000000ABCD")),
    "odd sizes": lambda: [imagehash.hex_to_hash("1ff"), imagehash.hex_to_hash("1" + "0" * 12)],
    "4x3": lambda: imagehash.hex_to_hash("fff"),
    "line ends": lambda: [imagehash.hex_to_hash(digits + "\\r\\n") for digits in ("1ff", "f", "1ffffff", "a" * 64)],
    "line end": lambda: [imagehash.hex_to_hash(digits + "\\n") for digits in ("1ff", "f", "1ffffff", "a" * 64)],
    "32 bits": lambda: imagehash.hex_to_hash("ffffffff"),
    "zeros": lambda: imagehash.hex_to_hash("0" * 16),
    "flat": lambda: [imagehash.hex_to_flathash("3" * 11, 3), imagehash.hex_to_flathash("f" * 11, 3)],
    "flat by nothing": lambda: imagehash.hex_to_flathash("ff", 0),
    "old and short": lambda: imagehash.old_hex_to_hash("ff"),
    "old and wrong": lambda: imagehash.old_hex_to_hash("g" * 16),
    "old and old": lambda: imagehash.old_hex_to_hash("0123456789abcdef"),
    "best of none": lambda: imagehash.ImageMultiHash([eight]).best_match([]),
    "unlike segments": lambda: imagehash.ImageMultiHash([eight]) - imagehash.ImageMultiHash([sixteen]),
    "list": lambda: str(imagehash.ImageHash([[True]])),
    "numbers": lambda: str(imagehash.ImageHash(numpy.array([[1, 0], [1, 1]]))),
    "twos": lambda: str(imagehash.ImageHash(numpy.array([[1, 2], [1, 1]]))),
    "no bits": lambda: str(imagehash.ImageHash(numpy.zeros((0, 0), bool))),
    "seven bits": lambda: str(imagehash.ImageHash(numpy.ones(7, bool))),
    "flattened": lambda: imagehash.ImageHash(eight.hash.ravel()) == eight,
    "median": lambda: str(imagehash.average_hash(image, 8, numpy.median)),
    "callable": lambda: str(imagehash.average_hash(image, mean=lambda pixels: int(pixels[0, 0]))),
}
for name, attempt in attempts.items():
    try:
        print(name, attempt())
    except Exception as error:
        kinds = AssertionError, TypeError, AttributeError, ValueError, ZeroDivisionError
        print(name, [kind.__name__ for kind in kinds if isinstance(error, kind)] or type(error))
"""

PROGRAMS = {"readme": README, "stored": STORED, "duplicates": DUPLICATES, "cropped": CROPPED, "failing": FAILING}
