"""Too many files that cannot be used, in one line with its remedy."""

import pytest

from components.image_example_gen import bad_files
from components.image_example_gen.image_file import ImageFile
from modules.errors import InputError


def test_files_of_which_none_can_be_used_are_said_to_be_so() -> None:
    kinds = {"not a JPEG, PNG, GIF or BMP": 9, "the file is empty": 1}
    message = (
        r"none of 10 files can be used \(9 not a JPEG, PNG, GIF or BMP, 1 the file is empty; such "
        r"as a/1\.heic: not a JPEG, PNG, GIF or BMP: x\); JPEG, PNG, GIF and BMP are read: convert"
    )
    for allowed in (0.05, 1.0):
        with pytest.raises(InputError, match=message):
            bad_files.check(kinds, 10, ("a/1.heic", "not a JPEG, PNG, GIF or BMP: x"), allowed)
    with pytest.raises(InputError, match=r"none of 1 file can .*; correct data\.path, or repair"):
        bad_files.check({"unreadable": 1}, 1, ("x", "unreadable: x"), 0.05)


def test_only_where_labels_are_what_lacks_is_it_said_how_to_skip_them() -> None:
    first = ("x", "no label")
    with pytest.raises(InputError, match=r"752 of 1,000 files .*data\.unlabelled: skip .* 248 ima"):
        bad_files.check({"no label": 752}, 1000, first, 0.05)
    with pytest.raises(InputError, match=r"allows 0\.05; remove or repair them, or raise it"):
        bad_files.check({"no label": 50, "the file is empty": 50}, 1000, first, 0.05)


def test_what_a_listing_knows_is_checked_before_files_are_read() -> None:
    files = [ImageFile("nowhere", str(n), "a", 1) for n in range(8)]
    files += [ImageFile("nowhere", "8", "", 1, problem="no path"), files[0]]
    bad_files.check_listed(files, 0.1)
    with pytest.raises(InputError, match=r"1 of 10 files cannot be used \(1 no path; such as 8:"):
        bad_files.check_listed(files, 0.05)
