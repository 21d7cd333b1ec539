"""Shows a page on screens of several sizes, with what a user prefers."""

import contextlib

SIZES = {
    "wall": (2560, 1440),
    "screen": (1920, 1080),
    "desk": (1440, 900),
    "tablet": (768, 1024),
    "phone": (390, 844),
    "zoomed": (320, 640),  # 1280 px at 400 %: https://www.w3.org/TR/WCAG22/#reflow
}


@contextlib.contextmanager
def shown_as(page, size, scheme="light", **features):
    width, height = SIZES[size]
    usual = {"prefers_color_scheme": scheme, "prefers_reduced_motion": "no-preference"}
    values = {name.replace("_", "-"): value for name, value in (usual | features).items()}
    media = [{"name": name, "value": value} for name, value in values.items()]
    page.cdp("Emulation.setEmulatedMedia", features=media)
    page.cdp(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=height,
        deviceScaleFactor=1,
        mobile=False,
    )
    yield
    page.cdp("Emulation.clearDeviceMetricsOverride")
    page.cdp("Emulation.setEmulatedMedia", features=[])
