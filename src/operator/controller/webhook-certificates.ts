/**
 * Certificates of the admission webhooks, made by the operator itself where nothing else in the cluster makes them: kept in a Secret that
 * the webhooks' pods mount, renewed before they end, and their authority written into the webhook configurations.
 *
 * While certificates change, the API server trusts the authority before and the one after: pods see a Secret's content a minute late.
 */
import { randomBytes, X509Certificate } from "node:crypto";
import { errorMessage, type Logger } from "../../base/index.js";
import { type JsonObject, type KubernetesApi, KubernetesError, type StoredObject } from "../../kubernetes/index.js";
import { makeAuthority, makeServerCertificate } from "../generate/certificate.js";
import { collectionPath, objectPath, type Resource, SECRET } from "./resources.js";

export interface WebhookCertificateOptions {
  readonly namespace: string;
  readonly secret: string;
  /** Of the webhooks, in the same namespace. */
  readonly service: string;
  /** Name of the webhook configurations, validating and mutating. */
  readonly configuration: string;
  readonly lifetimeMs: number;
}

const ADMISSION = "/apis/admissionregistration.k8s.io/v1";
const CONFIGURATIONS: readonly Resource[] = ["Validating", "Mutating"].map((each) => ({
  root: ADMISSION,
  plural: `${each.toLowerCase()}webhookconfigurations`,
  kind: `${each}WebhookConfiguration`,
  apiVersion: "admissionregistration.k8s.io/v1",
}));
const DEFINITION: Resource = {
  root: "/apis/apiextensions.k8s.io/v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  apiVersion: "apiextensions.k8s.io/v1",
};
/** The one kind with a conversion. */
const CONVERTED = "alertmanagerconfigs.monitoring.coreos.com";

const CERTIFICATE = "tls.crt";
const KEY = "tls.key";
const AUTHORITY = "ca.crt";

interface ClientConfig {
  readonly caBundle?: string;
  readonly service?: { readonly name?: string; readonly namespace?: string };
}

export class WebhookCertificates {
  readonly #options: WebhookCertificateOptions;
  readonly #api: KubernetesApi;
  readonly #log: Logger;
  readonly #nowMs: () => number;

  constructor(options: WebhookCertificateOptions, api: KubernetesApi, log: Logger, nowMs: () => number = Date.now) {
    this.#options = options;
    this.#api = api;
    this.#log = log;
    this.#nowMs = nowMs;
  }

  /** Brings Secret and configurations up to date once. A configuration that may not be written is named, and the others go on. */
  async sync(): Promise<void> {
    if (!(await this.#isWanted())) return;
    const bundle = await this.#keepSecret();
    for (const of of CONFIGURATIONS) {
      await this.#tryTo(of.kind, () => this.#trust(of, this.#options.configuration, bundle, trustOfWebhooks));
    }
    await this.#tryTo(DEFINITION.kind, () => this.#trust(DEFINITION, CONVERTED, bundle, trustOfConversion));
  }

  /** Something in the cluster asks our webhooks. */
  async #isWanted(): Promise<boolean> {
    const { configuration } = this.#options;
    for (const of of CONFIGURATIONS) {
      if ((await this.#api.get(objectPath(of, "", configuration))) !== undefined) return true;
    }
    const definition = await this.#api.get(objectPath(DEFINITION, "", CONVERTED));
    return definition !== undefined && trustOfConversion(definition, this.#isOurs, "") !== definition;
  }

  readonly #isOurs = ({ service }: ClientConfig): boolean =>
    service?.name === this.#options.service && service.namespace === this.#options.namespace;

  /** @returns authorities in PEM. */
  async #keepSecret(): Promise<string> {
    const { namespace, secret } = this.#options;
    const path = objectPath(SECRET, namespace, secret);
    const stored = await this.#api.get(path);
    const data = (stored?.["data"] ?? {}) as Readonly<Record<string, string>>;
    const text = (key: string): string => Buffer.from(data[key] ?? "", "base64").toString("utf8");
    const bundle = text(AUTHORITY);
    if (this.#isGood(text(CERTIFICATE), bundle)) return bundle;
    const made = this.#make(bundle);
    const encoded = Object.fromEntries(
      Object.entries(made).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
    );
    const object: JsonObject = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: stored?.metadata ?? { name: secret, namespace },
      type: stored?.["type"] ?? "kubernetes.io/tls",
      data: { ...data, ...encoded },
    };
    // A conflict means that another was faster: the next round sees what it made.
    if (stored === undefined) await this.#api.create(collectionPath(SECRET, namespace), object);
    else await this.#api.replace(path, object);
    this.#log.info("A certificate of the webhooks was made", { secret: `${namespace}/${secret}` });
    return made[AUTHORITY];
  }

  /** By an authority of the bundle, for the Service's name, and with more than a third of its time left. */
  #isGood(certificate: string, bundle: string): boolean {
    try {
      const leaf = new X509Certificate(certificate);
      const left = Date.parse(leaf.validTo) - this.#nowMs();
      const isTrusted = authoritiesIn(bundle).some((pem) => leaf.verify(new X509Certificate(pem).publicKey));
      return (
        left > this.#options.lifetimeMs / 3 && isTrusted && leaf.checkHost(this.#serviceNames[0] ?? "") !== undefined
      );
    } catch (error) {
      // Nothing, or no certificate: then one is made.
      this.#log.debug("The webhooks have no certificate that can be read", { err: errorMessage(error) });
      return false;
    }
  }

  get #serviceNames(): readonly string[] {
    const { namespace, service } = this.#options;
    return [`${service}.${namespace}.svc`, `${service}.${namespace}`, service];
  }

  #make(bundle: string): Readonly<Record<typeof CERTIFICATE | typeof KEY | typeof AUTHORITY, string>> {
    const options = { nowMs: this.#nowMs(), lifetimeMs: this.#options.lifetimeMs, random: randomBytes };
    const authority = makeAuthority({ ...options, name: `${this.#options.service}-ca` });
    const [name = ""] = this.#serviceNames;
    const { certificate, key } = makeServerCertificate(authority, this.#serviceNames, { ...options, name });
    const [before = ""] = authoritiesIn(bundle).filter(
      (pem) => Date.parse(new X509Certificate(pem).validTo) > options.nowMs,
    );
    return { [CERTIFICATE]: certificate, [KEY]: key, [AUTHORITY]: authority.certificate + before };
  }

  async #trust(
    of: Resource,
    name: string,
    bundle: string,
    trusting: (object: StoredObject, isOurs: (client: ClientConfig) => boolean, caBundle: string) => JsonObject,
  ): Promise<void> {
    const path = objectPath(of, "", name);
    const object = await this.#api.get(path);
    if (object === undefined) return;
    const wanted = trusting(object, this.#isOurs, Buffer.from(bundle).toString("base64"));
    if (JSON.stringify(wanted) === JSON.stringify(object)) return;
    await this.#api.replace(path, wanted);
    this.#log.info("The authority of the webhooks was written into their configuration", { kind: of.kind, name });
  }

  async #tryTo(kind: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof KubernetesError)) throw error;
      this.#log.error("The authority of the webhooks cannot be written into their configuration", {
        kind,
        err: error.message,
      });
    }
  }
}

function trustOfWebhooks(
  object: StoredObject,
  isOurs: (client: ClientConfig) => boolean,
  caBundle: string,
): JsonObject {
  const webhooks = (object["webhooks"] ?? []) as readonly { readonly clientConfig: ClientConfig }[];
  return {
    ...object,
    webhooks: webhooks.map((each) =>
      isOurs(each.clientConfig) ? { ...each, clientConfig: { ...each.clientConfig, caBundle } } : each,
    ),
  };
}

function trustOfConversion(
  object: StoredObject,
  isOurs: (client: ClientConfig) => boolean,
  caBundle: string,
): JsonObject {
  const spec = object["spec"] as {
    readonly conversion?: { readonly webhook?: { readonly clientConfig?: ClientConfig } };
  };
  const { conversion } = spec;
  const client = conversion?.webhook?.clientConfig;
  if (client === undefined || !isOurs(client)) return object;
  const webhook = { ...conversion?.webhook, clientConfig: { ...client, caBundle } };
  return { ...object, spec: { ...spec, conversion: { ...conversion, webhook } } };
}

function authoritiesIn(bundle: string): readonly string[] {
  return (bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((pem) => `${pem}\n`);
}
