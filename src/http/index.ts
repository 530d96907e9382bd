export { HttpClient, type HttpRequest, type HttpResponse, type HttpStream } from "./client.js";
export { awsIdentity, createIdentity, type Identity, type IdentityOptions } from "./identity/index.js";
export {
  DEFAULT_HTTP_CLIENT,
  DEFAULT_TLS,
  type HeaderOptions,
  type HttpClientOptions,
  NO_SECRET,
  type Oauth2Options,
  type ProxyOptions,
  type SecretSource,
  type TlsOptions,
} from "./options.js";
export { proxyFor } from "./proxy.js";
export { readSecret, readSecretFile } from "./secret.js";
export {
  BODY_LIMIT_EXCEEDED,
  DEADLINE_EXCEEDED,
  dialErrorText,
  joinHostPort,
  requestError,
  socketErrorCode,
  streamErrorText,
} from "./words.js";
