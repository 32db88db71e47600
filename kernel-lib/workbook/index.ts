export { type ColumnOptions, type Row, Table, type TableOptions, table, tableMime } from "./data-table.js";
export { type Displayable, jupyterDisplay, type KernelHook, kernelHook, type MimeBundle, show } from "./display.js";
export type { LegendItem } from "./drawing.js";
export { type AxisOptions, Figure, type FigureOptions, type FigureText, figure } from "./figure.js";
export { type OverlayOptions, overlay, type Point, type Series, type Theory } from "./overlay.js";
export { type Palette, palette, type Role } from "./palette.js";
export { type SpaceTimeOptions, spaceTime } from "./space-time.js";
export { type MessageRecord, messages, type RunLike } from "./trace-view.js";
