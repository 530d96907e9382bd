/** Checks of HTTP clients: what excludes each other, what belongs together, and whether references lead somewhere. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { type GoUrl, parseUrl } from "../../../config/go-url.js";
import type {
  Authorization,
  BasicAuth,
  KeySelector,
  OAuth2,
  SafeAuthorization,
  SafeTLSConfig,
  SecretOrConfigMap,
  Sigv4,
  TLSConfig,
} from "../../schema/generated/types.js";
import { at, invalid } from "../invalid.js";
import type { NamespacedStore } from "../store.js";
import { nonEmpty, sortedKeys } from "../value.js";
import type { ProxyFields } from "./http-client.js";

interface Credentials {
  readonly authorization?: SafeAuthorization;
  readonly basicAuth?: BasicAuth;
  readonly bearerTokenSecret?: KeySelector;
  readonly oauth2?: OAuth2;
}

/** At most one way to authenticate. */
export function checkOneCredential(config: Credentials): void {
  const used = (["authorization", "basicAuth", "bearerTokenSecret", "oauth2"] as const).filter(
    (name) => config[name] !== undefined,
  );
  if (used.length > 1) invalid(`${used.join(" and ")} exclude each other`);
}

export function checkSafeAuthorization(auth: SafeAuthorization | undefined): void {
  if (auth === undefined) return;
  checkScheme(auth);
  if (auth.credentials === undefined) invalid("authorization: credentials are missing");
}

export function checkAuthorization(auth: Authorization | undefined): void {
  if (auth === undefined) return;
  if (auth.credentials !== undefined && nonEmpty(auth.credentialsFile) !== undefined) {
    invalid("authorization: credentials and credentialsFile exclude each other");
  }
  checkScheme(auth);
}

function checkScheme({ type }: SafeAuthorization): void {
  if (type?.trim().toLowerCase() === "basic") invalid('authorization: for the scheme "basic" use basicAuth');
}

function isSet(reference: SecretOrConfigMap | undefined): boolean {
  return reference?.secret !== undefined || reference?.configMap !== undefined;
}

function checkReference(name: string, reference: SecretOrConfigMap | undefined): void {
  if (reference?.secret !== undefined && reference.configMap !== undefined) {
    invalid(`${name}: a Secret and a ConfigMap exclude each other`);
  }
}

function checkTlsBasics(tls: SafeTLSConfig): void {
  checkReference("ca", tls.ca);
  checkReference("cert", tls.cert);
  if (tls.maxVersion !== undefined && tls.minVersion !== undefined && tls.maxVersion < tls.minVersion) {
    invalid(`maxVersion ${tls.maxVersion} is below minVersion ${tls.minVersion}`);
  }
}

export function checkSafeTlsConfig(tls: SafeTLSConfig | undefined): void {
  if (tls === undefined) return;
  checkTlsBasics(tls);
  checkPair(isSet(tls.cert), tls.keySecret !== undefined);
}

export function checkTlsConfig(tls: TLSConfig | undefined): void {
  if (tls === undefined) return;
  checkTlsBasics(tls);
  const files = { ca: nonEmpty(tls.caFile), cert: nonEmpty(tls.certFile), key: nonEmpty(tls.keyFile) };
  if (isSet(tls.ca) && files.ca !== undefined) invalid("ca and caFile exclude each other");
  if (isSet(tls.cert) && files.cert !== undefined) invalid("cert and certFile exclude each other");
  if (tls.keySecret !== undefined && files.key !== undefined) invalid("keySecret and keyFile exclude each other");
  checkPair(isSet(tls.cert) || files.cert !== undefined, tls.keySecret !== undefined || files.key !== undefined);
}

function checkPair(hasCert: boolean, hasKey: boolean): void {
  if (hasCert && !hasKey) invalid("a client certificate needs its key");
  if (hasKey && !hasCert) invalid("a client key needs its certificate");
}

export function checkProxyConfig(fields: ProxyFields | undefined): void {
  if (fields === undefined) return;
  const hasUrl = nonEmpty(fields.proxyUrl) !== undefined;
  const fromEnvironment = fields.proxyFromEnvironment === true;
  const hasNoProxy = nonEmpty(fields.noProxy) !== undefined;
  const header = fields.proxyConnectHeader ?? {};
  if (Object.keys(header).length > 0 && !fromEnvironment && !hasUrl) {
    invalid("proxyConnectHeader needs proxyUrl or proxyFromEnvironment");
  }
  if (fromEnvironment && hasUrl) invalid("proxyFromEnvironment and proxyUrl exclude each other");
  if (fromEnvironment && hasNoProxy) invalid("proxyFromEnvironment and noProxy exclude each other");
  if (!hasUrl && hasNoProxy) invalid("noProxy needs proxyUrl");
  for (const name of sortedKeys(header)) {
    const selectors = header[name] ?? [];
    if (selectors.length === 0) invalid(`proxyConnectHeader[${name}]: refers to no Secret`);
    for (const selector of selectors) {
      if (nonEmpty(selector.name) === undefined && nonEmpty(selector.key) === undefined) {
        invalid(`proxyConnectHeader[${name}]: an empty reference`);
      }
    }
  }
  if (fields.proxyUrl !== undefined) at("proxyUrl", () => checkUrl(fields.proxyUrl ?? ""));
}

/** A URL as Go reads them. */
export function checkUrl(url: string): GoUrl {
  try {
    return parseUrl(url);
  } catch (error) {
    return invalid(error instanceof Error ? error.message : String(error));
  }
}

export function checkOauth2(auth: OAuth2 | undefined): void {
  if (auth === undefined) return;
  if (nonEmpty(auth.tokenUrl) === undefined) invalid("oauth2: tokenUrl is missing");
  if (!isSet(auth.clientId)) invalid("oauth2: clientId is missing");
  checkReference("oauth2: clientId", auth.clientId);
  at("oauth2: tlsConfig", () => checkSafeTlsConfig(auth.tlsConfig));
  at("oauth2", () => checkProxyConfig(auth));
}

// What follows also looks whether references lead somewhere.

export function needBasicAuth(store: NamespacedStore, auth: BasicAuth | undefined): void {
  if (auth === undefined) return;
  at("basicAuth.username", () => store.needSecret(auth.username));
  at("basicAuth.password", () => store.needSecret(auth.password));
}

export function needAuthorization(store: NamespacedStore, auth: Authorization | SafeAuthorization | undefined): void {
  if (auth?.credentials === undefined) return;
  checkAuthorization(auth);
  if (nonEmpty(auth.credentials.name) !== undefined) {
    at("authorization.credentials", () => store.needSecret(auth.credentials));
  }
}

export function needOauth2(store: NamespacedStore, auth: OAuth2 | undefined): void {
  if (auth === undefined) return;
  checkOauth2(auth);
  at("oauth2.clientId", () => store.need(auth.clientId));
  at("oauth2.clientSecret", () => store.needSecret(auth.clientSecret));
  at("oauth2", () => needConnectHeader(store, auth));
  at("oauth2.tlsConfig", () => needSafeTls(store, auth.tlsConfig));
}

export function needProxy(store: NamespacedStore, fields: ProxyFields | undefined): void {
  checkProxyConfig(fields);
  needConnectHeader(store, fields);
}

function needConnectHeader(store: NamespacedStore, fields: ProxyFields | undefined): void {
  for (const name of sortedKeys(fields?.proxyConnectHeader)) {
    for (const selector of fields?.proxyConnectHeader?.[name] ?? []) {
      at(`proxyConnectHeader[${name}]`, () => store.needSecret(selector));
    }
  }
}

export function needSafeTls(store: NamespacedStore, tls: SafeTLSConfig | undefined): void {
  if (tls === undefined) return;
  at("tlsConfig", () => {
    checkSafeTlsConfig(tls);
    needTlsAssets(store, tls);
  });
}

export function needTls(store: NamespacedStore, tls: TLSConfig | undefined): void {
  if (tls === undefined) return;
  at("tlsConfig", () => {
    checkTlsConfig(tls);
    needTlsAssets(store, tls);
  });
}

/** Certificates must be certificates, and a key must be that of its certificate. */
function needTlsAssets(store: NamespacedStore, tls: SafeTLSConfig): void {
  const ca = at("ca", () => store.need(tls.ca));
  const cert = at("cert", () => store.need(tls.cert));
  const key = tls.keySecret === undefined ? "" : at("keySecret", () => store.needSecret(tls.keySecret));
  if (ca !== "") at("ca", () => certificateOf(ca));
  if (cert !== "" && key !== "") at("cert and keySecret", () => checkKeyPair(cert, key));
}

function certificateOf(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    return invalid(`no certificate in PEM (${error instanceof Error ? error.message : String(error)})`);
  }
}

function checkKeyPair(cert: string, key: string): void {
  if (!certificateOf(cert).checkPrivateKey(privateKeyOf(key))) {
    invalid("the private key is not that of the certificate");
  }
}

function privateKeyOf(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    return invalid(`no private key in PEM (${error instanceof Error ? error.message : String(error)})`);
  }
}

export function needSigv4(store: NamespacedStore, config: Sigv4 | undefined): void {
  if (config === undefined || (config.accessKey === undefined && config.secretKey === undefined)) return;
  if (config.accessKey === undefined || config.secretKey === undefined) {
    invalid("sigv4: accessKey and secretKey belong together");
  }
  at("sigv4.accessKey", () => store.needSecret(config.accessKey));
  at("sigv4.secretKey", () => store.needSecret(config.secretKey));
}
