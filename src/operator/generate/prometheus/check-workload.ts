/** Whether the settings of a Prometheus itself can be used: one wrong reference there stops its whole configuration. */
import type {
  Prometheus,
  PrometheusAlertingAlertmanager,
  PrometheusApiserverConfig,
  PrometheusRemoteRead,
} from "../../schema/generated/types.js";
import { at } from "../invalid.js";
import type { AssetStore, NamespacedStore } from "../store.js";
import { needAuthorization, needBasicAuth, needOauth2, needProxy, needSigv4, needTls } from "./check-http-client.js";
import { checkRemoteWrite } from "./check-remote-write.js";
import type { PrometheusContext } from "./context.js";

/** @throws InvalidConfigurationError with the reason. An agent has neither remote read nor alerting. */
export function checkWorkload(context: PrometheusContext, assets: AssetStore): void {
  const { namespace, spec, gate } = context;
  const store = assets.forNamespace(namespace);
  const { remoteRead, alerting } = spec as NonNullable<Prometheus["spec"]>;
  remoteRead?.forEach((read, index) => {
    at(`remoteRead[${index}]`, () => checkRemoteRead(read, store));
  });
  spec.remoteWrite?.forEach((write, index) => {
    at(`remoteWrite[${index}]`, () => checkRemoteWrite(write, gate, store));
  });
  at("apiserverConfig", () => checkApiServer(spec.apiserverConfig ?? {}, store));
  spec.scrapeClasses?.forEach(({ name, tlsConfig }) => {
    at(`scrapeClasses[${name ?? ""}]`, () => needTls(store, tlsConfig));
  });
  alerting?.alertmanagers?.forEach((endpoint, index) => {
    at(`alerting.alertmanagers[${index}]`, () => checkAlertmanager(endpoint, store));
  });
}

function checkRemoteRead(read: PrometheusRemoteRead, store: NamespacedStore): void {
  needBasicAuth(store, read.basicAuth);
  needOauth2(store, read.oauth2);
  needTls(store, read.tlsConfig);
  needAuthorization(store, read.authorization);
  needProxy(store, read);
}

function checkApiServer(config: PrometheusApiserverConfig, store: NamespacedStore): void {
  needBasicAuth(store, config.basicAuth);
  needAuthorization(store, config.authorization);
  needTls(store, config.tlsConfig);
  needProxy(store, config);
}

function checkAlertmanager(endpoint: PrometheusAlertingAlertmanager, store: NamespacedStore): void {
  needBasicAuth(store, endpoint.basicAuth);
  needAuthorization(store, endpoint.authorization);
  needSigv4(store, endpoint.sigv4);
  needTls(store, endpoint.tlsConfig);
  needProxy(store, endpoint);
}
