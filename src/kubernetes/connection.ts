/**
 * The way to a Kubernetes API server: an address with client options, a kubeconfig file, or the pod's own service account.
 * Tokens and certificates from files are read on use, so rotation needs nothing.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemReason, VestalError } from "../base/index.js";
import {
  DEFAULT_HTTP_CLIENT,
  DEFAULT_TLS,
  HttpClient,
  type HttpClientOptions,
  type HttpRequest,
  type HttpResponse,
  type HttpStream,
} from "../http/index.js";

const SERVICE_ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

export interface KubernetesRequest extends Omit<HttpRequest, "url"> {
  /** With its query: `/api/v1/pods?limit=500`. */
  readonly path: string;
}

export class KubernetesConnection {
  readonly server: string;
  readonly #client: HttpClient;
  /** Credentials that a kubeconfig makes anew where they end: a helper program's tokens. */
  readonly #headers: () => Promise<Readonly<Record<string, string>>>;

  constructor(
    server: string,
    client: HttpClient,
    headers = async (): Promise<Readonly<Record<string, string>>> => ({}),
  ) {
    this.server = server.replace(/\/+$/, "");
    this.#client = client;
    this.#headers = headers;
  }

  /** @throws VestalError as `HttpClient.request` does; any status is an answer. */
  async request(request: KubernetesRequest & { readonly bodyBytesMax: number }): Promise<HttpResponse> {
    return this.#client.request({ ...request, ...(await this.#addressed(request)) });
  }

  /** As `request`, up to the answer's head. */
  async stream(request: KubernetesRequest): Promise<HttpStream> {
    return this.#client.stream({ ...request, ...(await this.#addressed(request)) });
  }

  close(): void {
    this.#client.close();
  }

  async #addressed({ path, headers }: KubernetesRequest) {
    return { url: this.server + path, headers: { accept: "application/json", ...headers, ...(await this.#headers()) } };
  }
}

export function connectTo(server: string, options: HttpClientOptions, userAgent: string): KubernetesConnection {
  return new KubernetesConnection(server, new HttpClient(options, userAgent));
}

/**
 * As a pod of the cluster.
 *
 * @throws VestalError KUBERNETES_CONFIG where this is no pod, in the words of Kubernetes' client.
 */
export function connectInCluster(
  userAgent: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
  folder = SERVICE_ACCOUNT_FOLDER,
): KubernetesConnection {
  const host = environment["KUBERNETES_SERVICE_HOST"] ?? "";
  const port = environment["KUBERNETES_SERVICE_PORT"] ?? "";
  if (host === "" || port === "") {
    const text =
      "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined";
    throw new VestalError("KUBERNETES_CONFIG", text);
  }
  const ca = join(folder, "ca.crt");
  const options: HttpClientOptions = {
    ...DEFAULT_HTTP_CLIENT,
    authorization: { type: "Bearer", credentials: { value: "", file: join(folder, "token") } },
    tls: { ...DEFAULT_TLS, ca: { value: "", file: existsSync(ca) ? ca : "" } },
  };
  return connectTo(`https://${host.includes(":") ? `[${host}]` : host}:${port}`, options, userAgent);
}

/** The namespace of the pod that this is, or undefined. */
export function ownNamespace(folder = SERVICE_ACCOUNT_FOLDER): string | undefined {
  try {
    return readFileSync(join(folder, "namespace"), "utf8").trim();
  } catch {
    return undefined; // not in a pod
  }
}

/**
 * By the current context of a kubeconfig file; helper programs and token files in it are asked at each request.
 *
 * @throws VestalError KUBERNETES_CONFIG if the file is missing, no kubeconfig, or names no cluster.
 */
export async function connectByKubeconfig(file: string, userAgent: string): Promise<KubernetesConnection> {
  // Loaded where it is needed: the library costs some 20 MB.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  try {
    config.loadFromFile(file);
  } catch (error) {
    throw new VestalError("KUBERNETES_CONFIG", `kubeconfig ${file}: ${systemReason(error)}`, { file }, error);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new VestalError("KUBERNETES_CONFIG", `kubeconfig ${file}: no cluster for the current context`, { file });
  const text = (value: unknown): string =>
    value === undefined || value === null ? "" : Buffer.from(value as string | Buffer).toString();
  const credentials = async (): Promise<{
    auth: string;
    ca: string;
    cert: string;
    key: string;
    skip: boolean;
    name: string;
  }> => {
    const options: Record<string, unknown> & { headers: Record<string, string> } = { headers: {} };
    await config.applyToHTTPSOptions(options);
    const { auth } = options;
    const basic = typeof auth === "string" ? `Basic ${Buffer.from(auth).toString("base64")}` : "";
    return {
      auth: options.headers["Authorization"] ?? basic,
      ca: text(options["ca"]),
      cert: text(options["cert"]),
      key: text(options["key"]),
      skip: options["rejectUnauthorized"] === false,
      name: text(options["servername"] ?? cluster.tlsServerName),
    };
  };
  const { ca, cert, key, skip, name } = await credentials();
  const source = (value: string) => ({ value, file: "" });
  const tls = {
    ...DEFAULT_TLS,
    ca: source(ca),
    cert: source(cert),
    key: source(key),
    serverName: name,
    insecureSkipVerify: skip,
  };
  const client = new HttpClient({ ...DEFAULT_HTTP_CLIENT, tls }, userAgent);
  return new KubernetesConnection(cluster.server, client, async () => {
    const { auth } = await credentials();
    return auth === "" ? {} : { authorization: auth };
  });
}
