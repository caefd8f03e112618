"""The feature keys and split names, all defined here alone."""

# The features of an Example. The image is stored as the file's bytes, never as pixels.
IMAGE_BYTES = "image_bytes"
LABEL = "label"  # the class's name, any Unicode text
PATH = "path"  # relative to the data's folder, for people
# Metadata of the image, for StatisticsGen, ExampleValidator and drift checks.
WIDTH = "width"  # pixels, as stored (before EXIF rotation)
HEIGHT = "height"  # pixels
CHANNELS = "channels"  # 1 grey, 2 grey with alpha, 3 RGB, 4 RGB with alpha or CMYK
BYTES = "bytes"  # the file's size
BRIGHTNESS = "brightness"  # mean luma in [0, 1]
FORMAT = "format"  # JPEG, PNG, GIF or BMP
IMAGE_METADATA = (WIDTH, HEIGHT, CHANNELS, BYTES, BRIGHTNESS, FORMAT)

# What Transform adds: the label's place among the sorted labels, int64.
LABEL_INDEX = "label_index"
# The asset of the transform graph that lists the labels, sorted, a line each.
LABELS_ASSET = "labels"

# The three splits. No training and no choice between stages sees TEST.
TRAIN = "train"
VALIDATION = "validation"
TEST = "test"
SPLITS = (TRAIN, VALIDATION, TEST)
# Images of earlier data, if the config names some: evaluated, never trained on.
EARLIER = "earlier"
# The fixed images that every model is judged by, if the config names some: never trained on.
GOLDEN = "golden"
# A record for each class of TRAIN, without an image: all that Transform analyses.
LABELS = "labels"
