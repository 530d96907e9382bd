"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.layoutVersion = layoutVersion;
/** Kernels of a query thread: one instance over that thread's private memory. */
const layout_1 = require("./layout");
/** Compared by the bridge with the constant it was compiled with, before first use. */
function layoutVersion() {
    return layout_1.LAYOUT_VERSION;
}
