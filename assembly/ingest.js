"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.roomFor = exports.retire = exports.release = exports.reclaim = exports.initArena = exports.classOf = exports.classBytes = exports.allocate = void 0;
exports.layoutVersion = layoutVersion;
/** Kernels of an ingest thread: one instance over the shared memory of its shard's head (see layout.ts). */
const layout_1 = require("./layout");
var arena_1 = require("./memory/arena");
Object.defineProperty(exports, "allocate", { enumerable: true, get: function () { return arena_1.allocate; } });
Object.defineProperty(exports, "classBytes", { enumerable: true, get: function () { return arena_1.classBytes; } });
Object.defineProperty(exports, "classOf", { enumerable: true, get: function () { return arena_1.classOf; } });
Object.defineProperty(exports, "initArena", { enumerable: true, get: function () { return arena_1.initArena; } });
Object.defineProperty(exports, "reclaim", { enumerable: true, get: function () { return arena_1.reclaim; } });
Object.defineProperty(exports, "release", { enumerable: true, get: function () { return arena_1.release; } });
Object.defineProperty(exports, "retire", { enumerable: true, get: function () { return arena_1.retire; } });
Object.defineProperty(exports, "roomFor", { enumerable: true, get: function () { return arena_1.roomFor; } });
/** Compared by the bridge with the constant it was compiled with, before first use. */
function layoutVersion() {
    return layout_1.LAYOUT_VERSION;
}
