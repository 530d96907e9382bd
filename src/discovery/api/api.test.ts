/** Mechanisms beside which no real program can be run here; what they find is as their APIs' and Prometheus' documentation have it. */
import { afterEach, expect, test } from "vitest";
import { type CloudDouble, type CloudTable, startCloud } from "../../../test/doubles/cloud.js";
import { silentLogger, systemTimers } from "../../base/index.js";
import { loadConfig } from "../../config/index.js";
import { DEFAULT_HTTP_CLIENT, DEFAULT_TLS, HttpClient } from "../../http/index.js";
import { createDiscovery } from "../create.js";
import type { Discovery } from "../discovery.js";
import { InformerPool } from "../kubernetes/informers.js";
import type { TargetGroup } from "../messages.js";
import { Api } from "./api.js";
import { gceGroups } from "./gce.js";
import { parseXml } from "./xml.js";

const closing: { close(): void }[] = [];
afterEach(() => {
  for (const each of closing.splice(0)) each.close();
});

interface Played extends CloudDouble {
  /** What it answers from now on. */
  answer(table: CloudTable): void;
}

async function play(first: CloudTable): Promise<Played> {
  let table = first;
  const cloud = await startCloud(() => table);
  closing.push(cloud);
  return {
    ...cloud,
    answer: (next) => {
      table = next;
    },
  };
}

/** Runs a section's discovery. */
function run(mechanism: string, section: object) {
  const job = { job_name: "j", [`${mechanism}_sd_configs`]: [section] };
  const { config } = loadConfig(JSON.stringify({ scrape_configs: [job] }), { file: "/x.yml", env: {} });
  const [sd] = config.scrapeConfigs[0]?.discoveries ?? [];
  if (sd === undefined) throw new Error("no discovery in the section");
  const reports: TargetGroup[] = [];
  const refreshes: boolean[] = [];
  const failures: string[] = [];
  const discovery: Discovery = createDiscovery(
    sd,
    {
      files: { read: () => "", list: () => [], watch: () => () => {} } as never,
      timers: systemTimers,
      random: Math.random,
      log: silentLogger,
      userAgent: "Test/1",
      informers: new InformerPool({} as never),
      onKubernetesEvent: () => {},
      onFailure: (name) => failures.push(name),
      onRefreshed: (_name, _seconds, isFailed) => refreshes.push(isFailed),
    },
    (groups) => reports.push(...groups),
  );
  closing.push(discovery);
  discovery.start();
  return { discovery, reports, refreshes, failures };
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; !condition(); ) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The groups of the first round. */
async function found(mechanism: string, section: object): Promise<readonly TargetGroup[]> {
  const { discovery, refreshes } = run(mechanism, section);
  await until("the first round", () => refreshes.length > 0);
  expect(refreshes).toEqual([false]);
  return discovery.groups;
}

const at = (cloud: CloudDouble): string => `http://127.0.0.1:${cloud.port}`;

test("Nomad: instances of all services", async () => {
  const instance = {
    ID: "_nomad-task-1",
    ServiceName: "web api",
    Namespace: "default",
    NodeID: "2d9e",
    Datacenter: "dc1",
    JobID: "j",
    Tags: ["http", "v1"],
    Address: "10.0.0.1",
    Port: 30456,
  };
  const cloud = await play({
    "GET 127.0.0.1/v1/services": [{ Namespace: "default", Services: [{ ServiceName: "web api", Tags: ["http"] }] }],
    "GET 127.0.0.1/v1/service/web%20api": [instance, { ...instance, Address: "2001:db8::1", Tags: [] }],
  });
  const [group] = await found("nomad", { server: at(cloud), tag_separator: ";" });
  const common = {
    __meta_nomad_dc: "dc1",
    __meta_nomad_namespace: "default",
    __meta_nomad_node_id: "2d9e",
    __meta_nomad_service: "web api",
    __meta_nomad_service_id: "_nomad-task-1",
    __meta_nomad_service_port: "30456",
  };
  expect(group?.targets).toEqual([
    {
      ...common,
      __address__: "10.0.0.1:30456",
      __meta_nomad_address: "10.0.0.1",
      __meta_nomad_service_address: "10.0.0.1",
      __meta_nomad_tags: ";http;v1;",
    },
    {
      ...common,
      __address__: "[2001:db8::1]:30456",
      __meta_nomad_address: "2001:db8::1",
      __meta_nomad_service_address: "2001:db8::1",
    },
  ]);
  expect(cloud.asked[0]).toBe("GET 127.0.0.1/v1/services?namespace=default&region=global&stale=");
});

test("Kuma: dataplanes of assignments, which stay while the server says that nothing changed", async () => {
  const type = "type.googleapis.com/kuma.observability.v1.MonitoringAssignment";
  const resource = {
    "@type": type,
    mesh: "default",
    service: "backend",
    labels: { team: "infra" },
    targets: [
      {
        name: "backend-01",
        scheme: "http",
        address: "10.1.1.1:5670",
        metrics_path: "/m",
        labels: { "kuma.io/zone": "z" },
      },
    ],
  };
  const path = "POST 127.0.0.1/mads/v3/discovery:monitoringassignments";
  const cloud = await play({
    [path]: { body: { versionInfo: "1", nonce: "n1", typeUrl: type, resources: [resource] } },
    [`${path} "versionInfo":"1"`]: { status: 304, body: "" },
  });
  const { discovery, refreshes } = run("kuma", {
    server: `${at(cloud)}/mads`,
    refresh_interval: "1s",
    client_id: "me",
  });
  const targets = [
    {
      __address__: "10.1.1.1:5670",
      __scheme__: "http",
      __metrics_path__: "/m",
      instance: "backend-01",
      __meta_kuma_mesh: "default",
      __meta_kuma_service: "backend",
      __meta_kuma_dataplane: "backend-01",
      __meta_kuma_label_team: "infra",
      __meta_kuma_label_kuma_io_zone: "z",
    },
  ];
  await until("the second round", () => refreshes.length > 1);
  expect(refreshes.slice(0, 2)).toEqual([false, false]);
  expect(discovery.groups).toEqual([{ source: "kuma", targets, labels: {} }]);
  expect(cloud.asked[0]).toBe("POST 127.0.0.1/mads/v3/discovery:monitoringassignments?fetch-timeout=2m");
});

const health = (name: string, tags: readonly string[], checks: readonly object[]) => [
  {
    Node: { Node: "node-1", Address: "10.0.0.9", Meta: { "rack-id": "r1" }, TaggedAddresses: { lan: "10.0.0.9" } },
    Service: {
      ID: `${name}-1`,
      Service: name,
      Tags: tags,
      Address: name === "web" ? "" : "192.168.1.1",
      Port: 8080,
      Meta: { version: "2" },
      Namespace: "ns",
      Partition: "",
    },
    Checks: checks,
  },
];
const page = (index: number, body: unknown) => ({ body, headers: { "x-consul-index": String(index) } });

test("Consul: services with all tags are watched, one that is gone leaves, and failures keep what is known", async () => {
  const agent = { "GET 127.0.0.1/base/v1/agent/self": { body: { Config: { Datacenter: "dc-a" } } } };
  const services = {
    "GET 127.0.0.1/base/v1/health/service/web": page(
      1,
      health("web", ["a", "b"], [{ CheckID: "x", Status: "warning" }]),
    ),
    "GET 127.0.0.1/base/v1/health/service/db": page(
      1,
      health("db", ["b", "a"], [{ CheckID: "_service_maintenance:db-1", Status: "critical" }]),
    ),
  };
  const cloud = await play({
    ...agent,
    ...services,
    "GET 127.0.0.1/base/v1/catalog/services": page(1, { web: ["a", "b"], db: ["b", "a", "c"], other: ["a"] }),
  });
  const section = { server: `127.0.0.1:${cloud.port}`, path_prefix: "base", tags: ["a", "b"], token: "t" };
  const { discovery, failures } = run("consul", { ...section, refresh_interval: "1s", node_meta: { rack: "1" } });
  await until("both services", () => discovery.groups.length === 2);
  const groups = Object.fromEntries(discovery.groups.map((group) => [group.source, group]));
  expect(groups["web"]).toEqual({
    source: "web",
    labels: { __meta_consul_service: "web", __meta_consul_dc: "dc-a" },
    targets: [
      {
        __address__: "10.0.0.9:8080",
        __meta_consul_address: "10.0.0.9",
        __meta_consul_node: "node-1",
        __meta_consul_namespace: "ns",
        __meta_consul_partition: "",
        __meta_consul_tags: ",a,b,",
        __meta_consul_service_address: "",
        __meta_consul_service_port: "8080",
        __meta_consul_service_id: "web-1",
        __meta_consul_health: "warning",
        __meta_consul_metadata_rack_id: "r1",
        __meta_consul_service_metadata_version: "2",
        __meta_consul_tagged_address_lan: "10.0.0.9",
      },
    ],
  });
  expect(groups["db"]?.targets[0]).toMatchObject({
    __address__: "192.168.1.1:8080",
    __meta_consul_health: "maintenance",
  });
  expect(cloud.asked).toContain("GET 127.0.0.1/base/v1/catalog/services?stale=&wait=120000ms&node-meta=rack%3A1");
  expect(cloud.asked).toContain(
    "GET 127.0.0.1/base/v1/health/service/web?stale=&wait=120000ms&node-meta=rack%3A1&tag=a&tag=b",
  );

  const rest = { web: ["a", "b"] };
  cloud.answer({ ...agent, ...services, "GET 127.0.0.1/base/v1/catalog/services": page(2, rest) });
  await until("the service that is gone", () => discovery.groups.length === 1);
  expect(cloud.asked).toContain(
    "GET 127.0.0.1/base/v1/catalog/services?stale=&index=1&wait=120000ms&node-meta=rack%3A1",
  );
  cloud.answer(agent);
  await until("a failure", () => failures.length > 0);
  expect(discovery.groups.map(({ source }) => source)).toEqual(["web"]);
});

test("Consul: named services are watched without the catalogue", async () => {
  const cloud = await play({
    "GET 127.0.0.1/v1/health/service/web": page(1, health("web", [], [])),
  });
  const section = { server: `127.0.0.1:${cloud.port}`, services: ["web"], datacenter: "d", allow_stale: false };
  const { discovery } = run("consul", { ...section, tag_separator: "|" });
  await until("the service", () => discovery.groups.length === 1);
  expect(discovery.groups[0]?.targets[0]).toMatchObject({ __meta_consul_tags: "||", __meta_consul_health: "passing" });
  expect(cloud.asked).toEqual(["GET 127.0.0.1/v1/health/service/web?wait=120000ms&dc=d"]);
});

/** A Keystone that gives a token to `auth`, and names services on the same server. */
function keystone(port: number): CloudTable {
  const base = `http://127.0.0.1:${port}`;
  const service = (type: string, path: string) => ({
    type,
    endpoints: [
      { interface: "internal", region_id: "R1", url: "http://127.0.0.1:1/" },
      { interface: "public", region_id: "R0", url: "http://127.0.0.1:1/" },
      { interface: "public", region_id: "R1", url: `${base}${path}` },
    ],
  });
  const catalog = [
    service("compute", "/compute/v2.1"),
    service("network", "/network/"),
    service("load-balancer", "/lb"),
  ];
  return {
    'POST 127.0.0.1/v3/auth/tokens "password":"p"': {
      status: 201,
      headers: { "x-subject-token": "the-token" },
      body: { token: { catalog } },
    },
  };
}
const OPENSTACK = {
  username: "u",
  password: "p",
  domain_name: "default",
  project_name: "proj",
  region: "R1",
  port: 9100,
};

test("OpenStack: an instance is a target at each of its own addresses, with the floating one as a label", async () => {
  const cloud = await play({});
  cloud.answer({
    ...keystone(cloud.port),
    "GET 127.0.0.1/network/v2.0/ports": { body: { ports: [{ id: "port-1", device_id: "srv-1" }] } },
    "GET 127.0.0.1/network/v2.0/floatingips": {
      body: {
        floatingips: [
          { port_id: "port-1", fixed_ip_address: "10.0.0.31", floating_ip_address: "172.24.4.227" },
          { port_id: null, fixed_ip_address: null, floating_ip_address: "172.24.4.228" },
        ],
      },
    },
    "GET 127.0.0.1/compute/v2.1/servers/detail?all_tenants=true": {
      body: {
        servers: [
          {
            id: "srv-1",
            status: "ACTIVE",
            name: "herp",
            tenant_id: "fcad67a6",
            user_id: "9349aff8",
            flavor: { original_name: "m1.medium" },
            image: { id: "f90f6034" },
            metadata: { "env-name": "prod" },
            addresses: {
              private: [{ addr: "10.0.0.31" }, { addr: "172.24.4.227" }],
              "net 2": [{ addr: "2001:db8::31" }],
            },
          },
          { id: "srv-2", flavor: { id: "1" }, image: "", addresses: {} },
        ],
        servers_links: [
          { rel: "next", href: `${at(cloud)}/compute/v2.1/servers/detail?all_tenants=true&marker=srv-2` },
        ],
      },
    },
    "GET 127.0.0.1/compute/v2.1/servers/detail?all_tenants=true&marker=srv-2": {
      body: {
        servers: [
          {
            id: "srv-3",
            status: "BUILD",
            name: "last",
            flavor: { id: "4" },
            addresses: { p: [{ addr: "10.0.0.32" }] },
          },
        ],
      },
    },
  });
  const section = { ...OPENSTACK, role: "instance", all_tenants: true, identity_endpoint: `${at(cloud)}/v3/` };
  const [group] = await found("openstack", section);
  const first = {
    __meta_openstack_instance_flavor: "m1.medium",
    __meta_openstack_instance_id: "srv-1",
    __meta_openstack_instance_image: "f90f6034",
    __meta_openstack_instance_name: "herp",
    __meta_openstack_instance_status: "ACTIVE",
    __meta_openstack_project_id: "fcad67a6",
    __meta_openstack_user_id: "9349aff8",
    __meta_openstack_tag_env_name: "prod",
  };
  expect(group).toMatchObject({ source: "OS_R1" });
  expect(group?.targets).toEqual([
    {
      ...first,
      __address__: "10.0.0.31:9100",
      __meta_openstack_address_pool: "private",
      __meta_openstack_private_ip: "10.0.0.31",
      __meta_openstack_public_ip: "172.24.4.227",
    },
    {
      ...first,
      __address__: "[2001:db8::31]:9100",
      __meta_openstack_address_pool: "net 2",
      __meta_openstack_private_ip: "2001:db8::31",
    },
    expect.objectContaining({ __address__: "10.0.0.32:9100", __meta_openstack_instance_flavor: "4" }),
  ]);
});

test("OpenStack: hypervisors, and load balancers with a listener of metrics", async () => {
  const cloud = await play({});
  cloud.answer({
    ...keystone(cloud.port),
    "GET 127.0.0.1/compute/v2.1/os-hypervisors/detail": {
      body: {
        hypervisors: [
          {
            id: 1,
            hypervisor_hostname: "nc14",
            host_ip: "172.16.70.14",
            status: "enabled",
            state: "up",
            hypervisor_type: "QEMU",
          },
        ],
      },
    },
    "GET 127.0.0.1/lb/v2.0/lbaas/loadbalancers": {
      body: {
        loadbalancers: [
          {
            id: "lb1",
            name: "lb",
            operating_status: "ONLINE",
            provisioning_status: "ACTIVE",
            availability_zone: "az1",
            vip_address: "10.0.0.32",
            vip_port_id: "port-9",
            provider: "amphora",
            project_id: "p",
            tags: ["a", "b"],
          },
          { id: "lb2", vip_address: "10.0.0.33" },
        ],
      },
    },
    "GET 127.0.0.1/lb/v2.0/lbaas/listeners": {
      body: {
        listeners: [
          { protocol: "HTTP", protocol_port: 80, loadbalancers: [{ id: "lb1" }, { id: "lb2" }] },
          { protocol: "PROMETHEUS", protocol_port: 9273, loadbalancers: [{ id: "lb1" }] },
        ],
      },
    },
    "GET 127.0.0.1/network/v2.0/floatingips": {
      body: { floatingips: [{ port_id: "port-9", floating_ip_address: "192.168.1.2" }] },
    },
  });
  const section = { ...OPENSTACK, identity_endpoint: at(cloud) };
  const [hypervisors] = await found("openstack", { ...section, role: "hypervisor" });
  expect(hypervisors?.targets).toEqual([
    {
      __address__: "172.16.70.14:9100",
      __meta_openstack_hypervisor_id: "1",
      __meta_openstack_hypervisor_hostname: "nc14",
      __meta_openstack_hypervisor_host_ip: "172.16.70.14",
      __meta_openstack_hypervisor_status: "enabled",
      __meta_openstack_hypervisor_state: "up",
      __meta_openstack_hypervisor_type: "QEMU",
    },
  ]);
  const [balancers] = await found("openstack", { ...section, role: "loadbalancer" });
  expect(balancers?.targets).toEqual([
    {
      __address__: "10.0.0.32:9273",
      __meta_openstack_loadbalancer_id: "lb1",
      __meta_openstack_loadbalancer_name: "lb",
      __meta_openstack_loadbalancer_operating_status: "ONLINE",
      __meta_openstack_loadbalancer_provisioning_status: "ACTIVE",
      __meta_openstack_loadbalancer_availability_zone: "az1",
      __meta_openstack_loadbalancer_vip: "10.0.0.32",
      __meta_openstack_loadbalancer_provider: "amphora",
      __meta_openstack_loadbalancer_tags: "a,b",
      __meta_openstack_loadbalancer_floating_ip: "192.168.1.2",
      __meta_openstack_project_id: "p",
    },
  ]);
});

/** Asks providers by their real names, through the double as a proxy. */
function apiThrough(cloud: CloudDouble): Api {
  const client = new HttpClient(
    {
      ...DEFAULT_HTTP_CLIENT,
      enableHttp2: false,
      proxy: { ...DEFAULT_HTTP_CLIENT.proxy, url: at(cloud) },
      tls: { ...DEFAULT_TLS, insecureSkipVerify: true },
    },
    "Test/1",
  );
  closing.push(client);
  return new Api(client, 10_000, new AbortController().signal);
}

test("Google: instances of a zone, over all pages", async () => {
  const path = "GET compute.googleapis.com/compute/v1/projects/p/zones/z-1/instances";
  const cloud = await play({
    [path]: {
      body: {
        nextPageToken: "two",
        items: [
          {
            id: "7086",
            name: "web",
            zone: "https://www.googleapis.com/compute/v1/projects/p/zones/z-1",
            status: "RUNNING",
            machineType: "https://x/n1-standard-1",
            networkInterfaces: [
              {
                name: "nic0",
                network: "https://x/default",
                subnetwork: "https://x/sub",
                networkIP: "10.0.0.2",
                accessConfigs: [{ type: "ONE_TO_ONE_NAT", natIP: "34.1.1.1" }],
              },
              { name: "nic1", networkIP: "10.9.0.2" },
            ],
            tags: { items: ["http", "web"] },
            labels: { "my-label": "v" },
            metadata: { items: [{ key: "start-up", value: "x" }, { key: "none" }] },
          },
        ],
      },
    },
    [`${path}?filter=a+eq+b&pageToken=two`]: { body: { items: [{ id: "2", networkInterfaces: [] }] } },
  });
  const section = { project: "p", zone: "z-1", filter: "a eq b", port: 81, tag_separator: "," };
  const groups = await gceGroups(apiThrough(cloud), { kind: "gce", section } as never);
  expect(groups).toEqual([
    {
      source: "GCE_p_z-1",
      labels: {},
      targets: [
        {
          __address__: "10.0.0.2:81",
          __meta_gce_project: "p",
          __meta_gce_zone: "https://www.googleapis.com/compute/v1/projects/p/zones/z-1",
          __meta_gce_instance_id: "7086",
          __meta_gce_instance_name: "web",
          __meta_gce_instance_status: "RUNNING",
          __meta_gce_machine_type: "https://x/n1-standard-1",
          __meta_gce_network: "https://x/default",
          __meta_gce_subnetwork: "https://x/sub",
          __meta_gce_private_ip: "10.0.0.2",
          __meta_gce_public_ip: "34.1.1.1",
          __meta_gce_interface_ipv4_nic0: "10.0.0.2",
          __meta_gce_interface_ipv4_nic1: "10.9.0.2",
          __meta_gce_tags: ",http,web,",
          __meta_gce_label_my_label: "v",
          __meta_gce_metadata_start_up: "x",
        },
      ],
    },
  ]);
});

test("DigitalOcean: managed databases", async () => {
  const cluster = {
    id: "9cc1",
    name: "backend",
    engine: "pg",
    version: "16",
    status: "online",
    region: "nyc3",
    size: "db-s-2vcpu-4gb",
    num_nodes: 2,
    private_connection: { host: "private-db" },
    connection: { host: "db" },
    tags: ["production"],
  };
  const cloud = await play({ "GET api.digitalocean.com/v2/databases": { body: { databases: [cluster] } } });
  const [group] = await found("digitalocean", {
    role: "databases",
    port: 9273,
    proxy_url: at(cloud),
    tls_config: { insecure_skip_verify: true },
    enable_http2: false,
  });
  expect(group?.targets).toEqual([
    {
      __address__: "private-db:9273",
      __meta_digitalocean_db_id: "9cc1",
      __meta_digitalocean_db_name: "backend",
      __meta_digitalocean_db_engine: "pg",
      __meta_digitalocean_db_version: "16",
      __meta_digitalocean_db_status: "online",
      __meta_digitalocean_db_region: "nyc3",
      __meta_digitalocean_db_size: "db-s-2vcpu-4gb",
      __meta_digitalocean_db_num_nodes: "2",
      __meta_digitalocean_db_private_host: "private-db",
      __meta_digitalocean_db_host: "db",
      __meta_digitalocean_db_tag_production: "true",
    },
  ]);
});

test("an answer that is no JSON is a failed round", async () => {
  const cloud = await play({ "GET 127.0.0.1/v1/services": { body: "<html>" } });
  const { refreshes, failures } = run("nomad", { server: at(cloud) });
  await until("the first round", () => refreshes.length > 0);
  expect([refreshes, failures]).toEqual([[true], ["nomad"]]);
});

test.each([
  ["<a><b x='1 > 2'>t&amp;&#x41;&#66;</b><!-- <c> --><d/></a>", { name: "a", texts: ["t&AB", ""] }],
  ["<?xml version='1.0'?><n:a><![CDATA[<x>]]></n:a>", { name: "a", texts: [] }],
])("XML: %s", (text, { name, texts }) => {
  const root = parseXml(text);
  expect(root.name).toBe(name);
  expect(root.children.map((child) => child.text)).toEqual(texts);
});

test.each(["", "text", "<a>", "<a></b>", "<a/></a>", "<a>".repeat(100)])("what is no XML is refused: %s", (text) => {
  expect(() => parseXml(text)).toThrow("the answer");
});
