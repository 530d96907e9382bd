/** Shapes that several kinds share. Each becomes one named type. */
import { atomicMap, boolean, type Fields, int64, list, map, object, shape, string } from "./dsl.js";

/** One key of a Secret (or, where stated, of a ConfigMap) in the object's namespace. */
export const keySelector = shape(
  "KeySelector",
  {
    key: string("key inside the Secret or ConfigMap", { required: true }),
    name: string("object name", { default: "" }),
    optional: boolean("missing secret or key is tolerated"),
  },
  { isAtomic: true },
);

/** Value from a Secret key or a ConfigMap key, not both. */
export const secretOrConfigMap = shape("SecretOrConfigMap", {
  configMap: keySelector("key of a ConfigMap"),
  secret: keySelector("key of a Secret"),
});

/** Kubernetes label selector. */
export const labelSelector = shape(
  "LabelSelector",
  {
    matchExpressions: list(
      "label-selector expressions",
      object("", {
        key: string("label name", { required: true }),
        operator: string("selector operator", { required: true }),
        values: list("values", string("")),
      }),
    ),
    matchLabels: map("label equality selector", string("")),
  },
  { isAtomic: true },
);

/** Namespaces in which targets are looked for; default is the object's own. */
export const namespaceSelector = shape("NamespaceSelector", {
  any: boolean("true selects every namespace"),
  matchNames: list("namespaces listed by name", string("")),
});

/** Both are key selectors of Secrets. */
export const basicAuth = shape("BasicAuth", {
  password: keySelector("password (secret ref)"),
  username: keySelector("user name"),
});

/** TLS client settings from Secrets/ConfigMaps. */
export const safeTlsConfig = shape("SafeTLSConfig", {
  ca: secretOrConfigMap("CA certificate source"),
  cert: secretOrConfigMap("client certificate source"),
  insecureSkipVerify: boolean("do not verify the server certificate"),
  keySecret: keySelector("private key (secret ref)"),
  maxVersion: string("highest TLS version", { oneOf: ["TLS10", "TLS11", "TLS12", "TLS13"] }),
  minVersion: string("lowest TLS version", { oneOf: ["TLS10", "TLS11", "TLS12", "TLS13"] }),
  serverName: string("name verified in the certificate"),
});

/** SafeTLSConfig plus file paths in the container. */
export const tlsConfig = shape("TLSConfig", {
  ca: secretOrConfigMap("CA certificate source"),
  caFile: string("CA file path inside the container"),
  cert: secretOrConfigMap("client certificate source"),
  certFile: string("certificate path inside the container"),
  cipherSuites: list("allowed TLS cipher suites", string(""), { minItems: 1, listType: "set" }),
  curves: list("TLS curves allowed", string(""), { minItems: 1, listType: "set" }),
  insecureSkipVerify: boolean("do not verify the server certificate"),
  keyFile: string("private key path inside the container"),
  keySecret: keySelector("private key (secret ref)"),
  maxVersion: string("highest TLS version", { oneOf: ["TLS10", "TLS11", "TLS12", "TLS13"] }),
  minVersion: string("lowest TLS version", { oneOf: ["TLS10", "TLS11", "TLS12", "TLS13"] }),
  serverName: string("name verified in the certificate"),
});

/** Authorization header (type defaults to Bearer; Basic is not allowed). */
export const safeAuthorization = shape("SafeAuthorization", {
  credentials: keySelector("credential value (secret ref)"),
  type: string("scheme name, default Bearer"),
});

/** SafeAuthorization plus a file path. */
export const authorization = shape("Authorization", {
  credentials: keySelector("credential value (secret ref)"),
  credentialsFile: string("path of a file with the credential"),
  type: string("scheme name, default Bearer"),
});

/** Inlined next to the other HTTP fields. */
export const proxyFields = {
  noProxy: string("comma list of hosts that bypass the proxy"),
  proxyConnectHeader: atomicMap("headers sent to the proxy on CONNECT (secret refs)", list("", keySelector(""))),
  proxyFromEnvironment: boolean("use HTTP_PROXY and friends"),
  proxyUrl: string("proxy URL", { pattern: "^(http|https|socks5)://.+$" }),
} satisfies Fields;

/** Client-credentials flow. */
export const oauth2 = shape("OAuth2", {
  clientId: secretOrConfigMap("OAuth2 client id (secret or configmap)", { required: true }),
  clientSecret: keySelector("OAuth2 client secret (secret ref)", { required: true }),
  endpointParams: map("extra query parameters for the token request", string("")),
  noProxy: string("comma list of hosts that bypass the proxy"),
  proxyConnectHeader: atomicMap("headers sent to the proxy on CONNECT (secret refs)", list("", keySelector(""))),
  proxyFromEnvironment: boolean("use HTTP_PROXY and friends"),
  proxyUrl: string("proxy URL", { pattern: "^(http|https|socks5)://.+$" }),
  scopes: list("OAuth2 scopes", string("")),
  tlsConfig: safeTlsConfig("TLS client settings"),
  tokenUrl: string("token endpoint", { required: true, pattern: "^(http|https)://.+$" }),
});

/** One relabelling step. */
export const relabelConfig = shape("RelabelConfig", {
  action: string("step kind; default replace", {
    oneOf: [
      "replace",
      "Replace",
      "keep",
      "Keep",
      "drop",
      "Drop",
      "hashmod",
      "HashMod",
      "labelmap",
      "LabelMap",
      "labeldrop",
      "LabelDrop",
      "labelkeep",
      "LabelKeep",
      "lowercase",
      "Lowercase",
      "uppercase",
      "Uppercase",
      "keepequal",
      "KeepEqual",
      "dropequal",
      "DropEqual",
    ],
    default: "replace",
  }),
  modulus: int64("divisor of the hashmod action", { min: 0 }),
  regex: string("expression matched against the joined value; default (.*)"),
  replacement: string("replacement text; default $1"),
  separator: string("joins source labels; default ;"),
  sourceLabels: list("labels whose values are joined", string("")),
  targetLabel: string("label written"),
});

/** AWS request signing. */
export const sigv4 = shape("Sigv4", {
  accessKey: keySelector("AWS/cloud access key (secret ref)"),
  externalId: string("AWS external id for assuming the role", { minLength: 1 }),
  profile: string("AWS profile"),
  region: string("region"),
  roleArn: string("AWS role to assume"),
  secretKey: keySelector("secret key (secret ref)"),
  useFIPSSTSEndpoint: boolean("use the FIPS STS endpoint"),
});

/** HTTP client settings of receivers / remote endpoints. */
export const httpConfig = shape("HTTPConfig", {
  authorization: safeAuthorization("HTTP Authorization header settings"),
  basicAuth: basicAuth("HTTP basic auth"),
  bearerTokenSecret: keySelector("deprecated bearer token (secret ref)"),
  enableHttp2: boolean("allow HTTP/2"),
  followRedirects: boolean("follow HTTP redirects"),
  noProxy: string("comma list of hosts that bypass the proxy"),
  oauth2: oauth2("OAuth2 client-credentials settings"),
  proxyConnectHeader: atomicMap("headers sent to the proxy on CONNECT (secret refs)", list("", keySelector(""))),
  proxyFromEnvironment: boolean("use HTTP_PROXY and friends"),
  proxyURL: string("proxy URL (older spelling)"),
  proxyUrl: string("proxy URL", { pattern: "^(http|https|socks5)://.+$" }),
  tlsConfig: safeTlsConfig("TLS client settings"),
});

/** Alert matcher. */
export const matcher = shape("Matcher", {
  matchType: string("operator =, !=, =~ or !~", { oneOf: ["!=", "=", "=~", "!~"] }),
  name: string("label name", { required: true, minLength: 1 }),
  regex: boolean("deprecated, use matchType"),
  value: string("label value"),
});

/** A filter of a discovery API. */
export const discoveryFilter = shape("DiscoveryFilter", {
  name: string("filter name", { required: true, minLength: 1 }),
  values: list("values", string("", { minLength: 1 }), { required: true, minItems: 1, listType: "set" }),
});

/** A name with its values, such as a parameter of a URL. */
export const filter = shape("Filter", {
  name: string("filter name", { required: true, minLength: 1 }),
  values: list("values", string("", { minLength: 1 }), { minItems: 1 }),
});

/** TLS of the served web endpoint. */
export const webTlsConfig = shape("WebTLSConfig", {
  cert: secretOrConfigMap("server certificate source"),
  certFile: string("certificate path inside the container"),
  cipherSuites: list("allowed TLS cipher suites", string("")),
  clientAuthType: string("server policy for client certificates"),
  clientCAFile: string("path of CA for client certificates"),
  client_ca: secretOrConfigMap("CA source for client certificates"),
  curvePreferences: list("TLS curves offered", string("")),
  keyFile: string("private key path inside the container"),
  keySecret: keySelector("private key (secret ref)"),
  maxVersion: string("highest TLS version"),
  minVersion: string("lowest TLS version"),
  preferServerCipherSuites: boolean("server cipher order wins"),
});

/** Metadata put on generated objects. */
export const embeddedMetadata = shape("EmbeddedMetadata", {
  annotations: map("annotations to add", string("")),
  labels: map("labels to add", string("")),
  name: string("name"),
});
