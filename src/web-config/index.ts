export { type Gate, type Verdict, WebGate } from "./gate.js";
export { type ConfigSource, LiveWebConfig } from "./live-config.js";
export { Passwords } from "./passwords.js";
export { loadWebConfig, parseWebConfig, tlsServerOptions, validateWebConfig, type WebConfig } from "./read.js";
export { type TlsServerSection, tlsShape } from "./schema.js";
export { TlsListener } from "./tls-listener.js";
