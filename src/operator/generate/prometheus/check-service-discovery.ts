/** Checks of the service discoveries of a ScrapeConfig. */
import type {
  KeySelector,
  ScrapeConfigAzureSDConfig,
  ScrapeConfigKubernetesSDConfig,
  ScrapeConfigSpec,
} from "../../schema/generated/types.js";
import { at, invalid } from "../invalid.js";
import type { NamespacedStore } from "../store.js";
import { nonEmpty } from "../value.js";
import type { Version } from "../version.js";
import { checkUrl, needAuthorization, needBasicAuth, needOauth2, needProxy, needSafeTls } from "./check-http-client.js";
import type { ClientFields } from "./http-client.js";
import { checkFieldSelector, checkSelectorText } from "./selector-text.js";

/** The first version that knows all mechanisms: as in the original, an older server accepts no ScrapeConfig at all. */
const SCRAPE_CONFIG_SINCE = "2.40.0";

/** First versions that know a field of a mechanism. */
const FIELD_SINCE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  consulSDConfigs: { pathPrefix: "2.45.0", filter: "3.0.0", healthFilter: "3.11.2" },
  dockerSDConfigs: { matchFirstNetwork: "2.54.1" },
  kumaSDConfigs: { clientID: "2.50.0" },
  hetznerSDConfigs: { labelSelector: "3.5.0" },
};

type Discovery = ClientFields & { readonly [field: string]: unknown };

export function checkDiscoveries(version: Version, spec: ScrapeConfigSpec, store: NamespacedStore): void {
  if (version.isBelow(SCRAPE_CONFIG_SINCE)) invalid(`ScrapeConfigs need Prometheus ${SCRAPE_CONFIG_SINCE} or later`);
  const each = <T extends object>(name: keyof ScrapeConfigSpec, check: (config: T) => void) => {
    const configs = (spec[name] ?? []) as readonly T[];
    configs.forEach((config, index) => {
      at(`${name}[${index}]`, () => {
        checkFields(version, name, config as Discovery);
        check(config);
      });
    });
  };
  const need = (selector: KeySelector | undefined) => selector !== undefined && store.needSecret(selector);
  const client = (config: ClientFields) => needClient(store, config);

  each<ClientFields & { url?: string }>("httpSDConfigs", (config) => {
    checkUrl(config.url ?? "");
    client(config);
  });
  each<ScrapeConfigKubernetesSDConfig>("kubernetesSDConfigs", (config) => {
    client(config);
    checkKubernetes(config);
  });
  each<ClientFields & { tokenRef?: KeySelector }>("consulSDConfigs", (config) => {
    client(config);
    need(config.tokenRef);
  });
  each<{ type?: string; port?: number }>("dnsSDConfigs", ({ type, port }) => {
    if (type !== undefined && type !== "SRV" && port === undefined) invalid(`records of type ${type} need a port`);
  });
  each<ClientFields & { accessKey?: KeySelector; secretKey?: KeySelector }>("ec2SDConfigs", (config) => {
    need(config.accessKey);
    need(config.secretKey);
    client(config);
  });
  each<ScrapeConfigAzureSDConfig>("azureSDConfigs", (config) => checkAzure(config, version, store));
  each<ClientFields & { role?: string; password?: KeySelector; applicationCredentialSecret?: KeySelector }>(
    "openstackSDConfigs",
    (config) => {
      if (config.role === "LoadBalancer" && version.isBelow("3.2.0")) {
        invalid("role LoadBalancer needs Prometheus 3.2.0 or later");
      }
      need(config.password);
      need(config.applicationCredentialSecret);
      client(config);
    },
  );
  each("digitalOceanSDConfigs", client);
  each<ClientFields & { server?: string }>("kumaSDConfigs", (config) => {
    checkServer(config.server ?? "");
    client(config);
  });
  each("eurekaSDConfigs", client);
  each<ClientFields & { host?: string }>("dockerSDConfigs", (config) => {
    client(config);
    checkUrl(config.host ?? "");
  });
  each("linodeSDConfigs", client);
  each("hetznerSDConfigs", client);
  each<ClientFields & { server?: string }>("nomadSDConfigs", (config) => {
    checkServer(config.server ?? "");
    client(config);
  });
  each<ClientFields & { host?: string }>("dockerSwarmSDConfigs", (config) => {
    checkUrl(config.host ?? "");
    client(config);
  });
  each<ClientFields & { url?: string }>("puppetDBSDConfigs", (config) => {
    const url = checkUrl(config.url ?? "");
    if (url.scheme !== "http" && url.scheme !== "https") invalid("url: the scheme must be http or https");
    if (url.host === "") invalid("url: a host is missing");
    client(config);
  });
  each<ClientFields & { accessKey?: KeySelector; secretKey?: KeySelector }>("lightSailSDConfigs", (config) => {
    need(config.accessKey);
    need(config.secretKey);
    client(config);
  });
  each<{ applicationSecret?: KeySelector; consumerKey?: KeySelector }>("ovhcloudSDConfigs", (config) => {
    store.needSecret(config.applicationSecret);
    store.needSecret(config.consumerKey);
  });
  each<ClientFields & { secretKey?: KeySelector }>("scalewaySDConfigs", (config) => {
    store.needSecret(config.secretKey);
    client(config);
  });
  each("ionosSDConfigs", client);
}

function checkFields(version: Version, mechanism: string, config: Discovery): void {
  for (const [field, since] of Object.entries(FIELD_SINCE[mechanism] ?? {})) {
    if (config[field] !== undefined && version.isBelow(since)) {
      invalid(`${field} needs Prometheus ${since} or later`);
    }
  }
}

function needClient(store: NamespacedStore, config: ClientFields): void {
  needBasicAuth(store, config.basicAuth);
  needAuthorization(store, config.authorization);
  needOauth2(store, config.oauth2);
  needSafeTls(store, config.tlsConfig);
  needProxy(store, config);
}

/** Roles of the objects that a role looks at, and may select by. */
const SELECTABLE: Readonly<Record<string, readonly string[]>> = {
  pod: ["pod"],
  service: ["service"],
  endpointslice: ["pod", "service", "endpointslice"],
  endpoints: ["pod", "service", "endpoints"],
  node: ["node"],
  ingress: ["ingress"],
};

function checkKubernetes(config: ScrapeConfigKubernetesSDConfig): void {
  const role = config.role?.toLowerCase() ?? "";
  if (config.apiServer !== undefined && config.namespaces?.ownNamespace) {
    invalid("apiServer and namespaces.ownNamespace exclude each other");
  }
  for (const selector of config.selectors ?? []) {
    const allowed = SELECTABLE[role] ?? invalid(`role: "${config.role ?? ""}" is unknown`);
    if (!allowed.includes(selector.role?.toLowerCase() ?? "")) {
      invalid(`selectors: role ${role} can select by ${allowed.join(", ")} only`);
    }
    if (selector.field !== undefined) checkFieldSelector(selector.field);
    if (selector.label !== undefined) checkSelectorText(selector.label);
  }
}

/** First versions that know a way to authenticate. */
const AZURE_METHOD_SINCE: Readonly<Record<string, string>> = { SDK: "2.52.0", WorkloadIdentity: "3.11.0" };
const AZURE_WITHOUT_CREDENTIALS = new Set(["ManagedIdentity", "SDK", "WorkloadIdentity"]);

function checkAzure(config: ScrapeConfigAzureSDConfig, version: Version, store: NamespacedStore): void {
  const method = config.authenticationMethod ?? "";
  const since = AZURE_METHOD_SINCE[method];
  if (since !== undefined && version.isBelow(since))
    invalid(`authenticationMethod ${method} needs Prometheus ${since} or later`);
  if (AZURE_WITHOUT_CREDENTIALS.has(method)) return;
  if (nonEmpty(config.tenantID) === undefined) invalid("tenantID is missing");
  if (nonEmpty(config.clientID) === undefined) invalid("clientID is missing");
  if (config.clientSecret === undefined) invalid("clientSecret is missing");
  store.needSecret(config.clientSecret);
  needClient(store, config);
}

function checkServer(server: string): void {
  const url = checkUrl(server);
  if (url.scheme === "" || url.host === "") invalid(`server: "${server}" has no scheme or no host`);
}
