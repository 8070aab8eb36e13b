"""The panel of a viewer: the one that is there, or a new one."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from qtpy.compat import isalive

from napari_unet.ui.session.keeping.preferences import DISTRIBUTION

_panels: WeakSet[Any] = WeakSet()


def note_panel(panel: Any) -> None:
    """Remember that there is this panel."""
    _panels.add(panel)


def panel_of(viewer: Any = None) -> Any:
    """The panel of a viewer, by default the one in front; it is opened if need be."""
    import napari

    viewer = viewer or napari.current_viewer()
    viewer = getattr(viewer, "__wrapped__", viewer)
    for panel in _panels:
        if isalive(panel) and panel.session.viewer is viewer and panel.parent() is not None:
            dock = panel.parent()
            dock.setVisible(True)
            return panel
    _, opened = viewer.window.add_plugin_dock_widget(DISTRIBUTION, "U-Net")
    return opened
