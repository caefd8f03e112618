"""JPEG, decoded by TensorFlow after its CMYK inks are marked as viewers read them."""

import tensorflow as tf

from modules.images import exif

# Adobe's segment, by which the inks of a CMYK are stored inverted. A file without one is stored so
# all the same, as every viewer takes it; TensorFlow's decoder does not.
_ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
_INKS = 4


def decode(content: tf.Tensor, background: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes a JPEG.

    Args:
        content: string [], with the signature of a JPEG.
        background: unused; a JPEG is never transparent.

    Returns:
        The image, uint8 [h, w, 3], and its EXIF orientation, int32 [].

    Raises:
        tf.errors.InvalidArgumentError: when run on bytes that are no whole JPEG.
    """
    del background
    image = tf.io.decode_image(marked(content), channels=3, expand_animations=False)
    return image, exif.of_jpeg(content)


def marked(content: tf.Tensor) -> tf.Tensor:
    """A JPEG file whose inks are marked as inverted, which is how viewers read them.

    If its colours are inks, Adobe's segment is put first; one of the file's own overrides it.

    Args:
        content: string [], a JPEG file.

    Returns:
        string []; ``content`` itself for grey and RGB.
    """
    return tf.cond(
        tf.equal(tf.io.extract_jpeg_shape(content)[2], _INKS),
        lambda: tf.strings.join(
            [
                tf.strings.substr(content, 0, 2),
                _ADOBE,
                tf.strings.substr(content, 2, tf.strings.length(content)),
            ]
        ),
        lambda: content,
    )
