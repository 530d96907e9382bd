/** What the APIs say that discoveries ask, in the forms of their documentation: sections of the configuration, and answers. */
import type { CloudAnswer } from "../doubles/cloud.js";

export interface DiscoveryCase {
  readonly name: string;
  /** The key of the configuration, and a section of it. */
  readonly mechanism: string;
  readonly section: Readonly<Record<string, unknown>>;
  readonly answers: Readonly<Record<string, CloudAnswer | unknown[]>>;
  /** Labels that came after the version of the real program. */
  readonly newerLabels?: RegExp;
}

const page = (body: unknown, headers: Readonly<Record<string, string>> = {}): CloudAnswer => ({ body, headers });

const DOCKER_NEWER = /^__meta_docker_container_image(_id)?$/;
const DOCKER_NETWORKS = [
  { Id: "n1", Name: "bridge", Scope: "local", Internal: false, Ingress: false, Labels: {} },
  { Id: "n2", Name: "app-net", Scope: "swarm", Internal: true, Ingress: true, Labels: { "com.x/a-b": "1" } },
];
const DOCKER_CONTAINERS = [
  {
    Id: "c1",
    Names: ["/web"],
    Image: "nginx:1",
    ImageID: "sha256:1",
    Labels: { "com.example.tier": "front", plain: "" },
    HostConfig: { NetworkMode: "bridge" },
    Ports: [
      { PrivatePort: 80, PublicPort: 8080, Type: "tcp", IP: "0.0.0.0" },
      { PrivatePort: 443, Type: "tcp" },
      { PrivatePort: 53, Type: "udp" },
    ],
    NetworkSettings: {
      Networks: {
        "z-net": { NetworkID: "n1", IPAddress: "172.17.0.2", GlobalIPv6Address: "" },
        "app-net": { NetworkID: "n2", IPAddress: "10.0.0.2", GlobalIPv6Address: "" },
      },
    },
  },
  {
    Id: "c2",
    Names: ["/side"],
    Image: "side",
    ImageID: "sha256:2",
    Labels: {},
    HostConfig: { NetworkMode: "container:c1" },
    Ports: [],
    NetworkSettings: { Networks: {} },
  },
  {
    Id: "c3",
    Names: ["/host"],
    Image: "node",
    ImageID: "sha256:3",
    Labels: {},
    HostConfig: { NetworkMode: "host" },
    Ports: [],
    NetworkSettings: { Networks: { host: { NetworkID: "n1", IPAddress: "", GlobalIPv6Address: "" } } },
  },
  {
    Id: "c4",
    Names: ["/dns"],
    Image: "dns",
    ImageID: "sha256:4",
    Labels: {},
    HostConfig: { NetworkMode: "app-net" },
    Ports: [{ PrivatePort: 53, Type: "udp" }],
    NetworkSettings: { Networks: { "app-net": { NetworkID: "n2", IPAddress: "10.0.0.9", GlobalIPv6Address: "" } } },
  },
];
const SWARM_NODES = [
  {
    ID: "node1",
    Spec: { Role: "manager", Availability: "active", Labels: { "disk-type": "ssd" } },
    Description: {
      Hostname: "alpha",
      Platform: { Architecture: "x86_64", OS: "linux" },
      Engine: { EngineVersion: "27.1.1" },
    },
    Status: { State: "ready", Addr: "10.1.0.1" },
    ManagerStatus: { Leader: true, Reachability: "reachable", Addr: "10.1.0.1:2377" },
  },
  {
    ID: "node2",
    Spec: { Role: "worker", Availability: "drain", Labels: {} },
    Description: {
      Hostname: "beta",
      Platform: { Architecture: "aarch64", OS: "linux" },
      Engine: { EngineVersion: "26" },
    },
    Status: { State: "down", Addr: "10.1.0.2" },
  },
];
const SWARM_SERVICES = [
  {
    ID: "s1",
    Spec: {
      Name: "web",
      Labels: { "a.b": "c" },
      Mode: { Replicated: { Replicas: 2 } },
      TaskTemplate: { ContainerSpec: { Image: "nginx:1", Hostname: "web-host" } },
    },
    Endpoint: {
      Spec: {},
      Ports: [
        { Name: "http", Protocol: "tcp", TargetPort: 80, PublishedPort: 8080, PublishMode: "ingress" },
        { Name: "dns", Protocol: "udp", TargetPort: 53, PublishedPort: 8053, PublishMode: "ingress" },
      ],
      VirtualIPs: [
        { NetworkID: "n2", Addr: "10.0.0.3/24" },
        { NetworkID: "n1", Addr: "10.9.0.3/16" },
      ],
    },
    UpdateStatus: { State: "completed" },
  },
  {
    ID: "s2",
    Spec: { Name: "agent", Labels: {}, Mode: { Global: {} }, TaskTemplate: { ContainerSpec: { Image: "agent:2" } } },
    Endpoint: { Spec: {}, VirtualIPs: [{ NetworkID: "n2", Addr: "10.0.0.4/24" }] },
  },
];
const SWARM_TASKS = [
  {
    ID: "t1",
    ServiceID: "s1",
    NodeID: "node1",
    Slot: 1,
    DesiredState: "running",
    Spec: { ContainerSpec: { Image: "nginx:1", Labels: { "x-y": "z" } } },
    Status: {
      State: "running",
      ContainerStatus: { ContainerID: "cid1" },
      PortStatus: { Ports: [{ Protocol: "tcp", TargetPort: 81, PublishedPort: 8081, PublishMode: "host" }] },
    },
    NetworksAttachments: [{ Network: { ID: "n2" }, Addresses: ["10.0.0.5/24"] }],
  },
  {
    ID: "t2",
    ServiceID: "s2",
    NodeID: "node2",
    DesiredState: "shutdown",
    Spec: { ContainerSpec: { Image: "agent:2" } },
    Status: { State: "failed", ContainerStatus: { ContainerID: "cid2" }, PortStatus: {} },
    NetworksAttachments: [{ Network: { ID: "n2" }, Addresses: ["10.0.0.6/24"] }],
  },
];

/** The same at each version of the Engine's API, which the real client asks for by its number. */
function engine(paths: Readonly<Record<string, unknown[]>>): DiscoveryCase["answers"] {
  const versions = ["", ...Array.from({ length: 32 }, (_, i) => `/v1.${i + 24}`)];
  const ping = { body: "OK", headers: { "api-version": "1.41", ostype: "linux", "content-type": "text/plain" } };
  return Object.fromEntries([
    ["HEAD 127.0.0.1/_ping", ping],
    ["GET 127.0.0.1/_ping", ping],
    ...versions.flatMap((version) =>
      Object.entries(paths).map(([path, body]) => [`GET 127.0.0.1${version}/${path}`, { body }] as const),
    ),
  ]);
}

const DROPLETS = [
  {
    id: 3164444,
    name: "web-1",
    image: { slug: "ubuntu-24-04-x64", name: "24.04 (LTS) x64" },
    region: { slug: "nyc3" },
    size_slug: "s-1vcpu-1gb",
    status: "active",
    vpc_uuid: "f9b0769c",
    features: ["backups", "ipv6"],
    tags: ["monitor", "web"],
    networks: {
      v4: [
        { ip_address: "104.236.32.182", type: "public" },
        { ip_address: "10.128.192.124", type: "private" },
      ],
      v6: [{ ip_address: "2604:a880:800:10::2dd:4001", type: "public" }],
    },
  },
];
const DROPLETS_2 = [
  { id: 7, name: "no-net", networks: {} },
  {
    id: 8,
    name: "plain",
    image: { slug: null, name: "snapshot" },
    region: { slug: "fra1" },
    size_slug: "s",
    status: "off",
    features: [],
    tags: [],
    networks: { v4: [{ ip_address: "104.1.1.1", type: "public" }], v6: [] },
  },
];

const HETZNER_SERVERS = {
  servers: [
    {
      id: 42,
      name: "my-server",
      status: "running",
      public_net: { ipv4: { ip: "1.2.3.4" }, ipv6: { ip: "2001:db8::/64" }, floating_ips: [] },
      server_type: { id: 1, name: "cx11", cores: 2, memory: 4.0, disk: 40, cpu_type: "shared" },
      datacenter: { name: "fsn1-dc8", location: { name: "fsn1", network_zone: "eu-central" } },
      location: { name: "fsn1", network_zone: "eu-central" },
      image: { id: 4711, name: "ubuntu-24.04", description: "Ubuntu 24.04", os_flavor: "ubuntu", os_version: "24.04" },
      private_net: [{ network: 4711, ip: "10.0.0.2" }],
      labels: { "my-key": "my-value", other: "" },
    },
    {
      id: 43,
      name: "bare",
      status: "off",
      public_net: { ipv4: { ip: "1.2.3.5" }, ipv6: { ip: "2001:db9::/64" }, floating_ips: [] },
      server_type: { id: 2, name: "cax11", cores: 2, memory: 3.5, disk: 20, cpu_type: "dedicated" },
      datacenter: { name: "nbg1-dc3", location: { name: "nbg1", network_zone: "eu-central" } },
      location: { name: "nbg1", network_zone: "eu-central" },
      image: null,
      private_net: [],
      labels: {},
    },
  ],
  meta: { pagination: { page: 1, per_page: 50, previous_page: null, next_page: null, last_page: 1, total_entries: 2 } },
};
const HETZNER_NETWORKS = {
  networks: [{ id: 4711, name: "my net", ip_range: "10.0.0.0/16" }],
  meta: { pagination: { page: 1, per_page: 50, previous_page: null, next_page: null, last_page: 1, total_entries: 1 } },
};

const linodePage = (data: unknown[]) => page({ data, page: 1, pages: 1, results: data.length });

const EUREKA = `<applications><versions__delta>1</versions__delta>
<application><name>META-SERVICE</name>
<instance><hostName>meta-0</hostName><app>META</app><ipAddr>10.0.0.1</ipAddr><status>UP</status>
<port enabled="true">8080</port><securePort enabled="false">443</securePort>
<homePageUrl>http://meta-0/</homePageUrl><statusPageUrl>http://meta-0/info?a=1&amp;b=2</statusPageUrl>
<healthCheckUrl>http://meta-0/health</healthCheckUrl><vipAddress>meta</vipAddress><secureVipAddress>meta-s</secureVipAddress>
<countryId>1</countryId><instanceId>meta-0:8080</instanceId>
<dataCenterInfo class="x"><name>MyOwn</name><metadata><ami-id>ami-1</ami-id></metadata></dataCenterInfo>
<metadata><prometheus.path>/metrics</prometheus.path><zone/></metadata></instance>
<instance><hostName>meta-1</hostName><ipAddr>10.0.0.2</ipAddr><status>DOWN</status><countryId>2</countryId>
<instanceId>meta-1</instanceId></instance>
</application><application><name>EMPTY</name></application></applications>`;

const xmlRpc = (value: string): CloudAnswer =>
  page(`<?xml version="1.0"?><methodResponse><params><param><value>${value}</value></param></params></methodResponse>`);
const member = (name: string, value: string): string =>
  `<member><name>${name}</name><value>${value.startsWith("<") ? value : `<string>${value}</string>`}</value></member>`;
const array = (...items: string[]): string =>
  `<array><data>${items.map((item) => `<value>${item}</value>`).join("")}</data></array>`;

const EC2_INSTANCES = `<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId>
<reservationSet><item><reservationId>r-1</reservationId><ownerId>123456789012</ownerId><instancesSet>
<item><instanceId>i-1</instanceId><imageId>ami-1</imageId><instanceState><code>16</code><name>running</name></instanceState>
<privateDnsName>ip-10-0-0-1</privateDnsName><dnsName>ec2-1.example</dnsName><instanceType>m5.large</instanceType>
<placement><availabilityZone>eu-west-1a</availabilityZone></placement><platform>windows</platform>
<privateIpAddress>10.0.0.1</privateIpAddress><ipAddress>54.1.1.1</ipAddress><architecture>x86_64</architecture>
<instanceLifecycle>spot</instanceLifecycle><vpcId>vpc-1</vpcId><subnetId>subnet-1</subnetId>
<networkInterfaceSet><item><subnetId>subnet-1</subnetId><attachment><deviceIndex>0</deviceIndex></attachment>
<ipv6AddressesSet><item><ipv6Address>2001:db8::1</ipv6Address><isPrimaryIpv6>false</isPrimaryIpv6></item></ipv6AddressesSet></item>
<item><subnetId>subnet-2</subnetId><attachment><deviceIndex>1</deviceIndex></attachment>
<ipv6AddressesSet><item><ipv6Address>2001:db8::2</ipv6Address><isPrimaryIpv6>true</isPrimaryIpv6></item></ipv6AddressesSet></item>
</networkInterfaceSet><tagSet><item><key>Name</key><value>web &amp; more</value></item><item><key>aws:group-1</key><value/></item></tagSet></item>
<item><instanceId>i-2</instanceId><imageId>ami-2</imageId><instanceState><code>80</code><name>stopped</name></instanceState>
<instanceType>t3.nano</instanceType><placement><availabilityZone>eu-west-1b</availabilityZone></placement>
<privateIpAddress>10.0.0.2</privateIpAddress></item>
<item><instanceId>i-3</instanceId><imageId>ami-3</imageId><instanceState><code>48</code><name>terminated</name></instanceState>
<instanceType>t3.nano</instanceType><placement><availabilityZone>eu-west-1b</availabilityZone></placement></item>
</instancesSet></item></reservationSet></DescribeInstancesResponse>`;
const EC2_ZONES = `<DescribeAvailabilityZonesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><availabilityZoneInfo>
<item><zoneName>eu-west-1a</zoneName><zoneId>euw1-az3</zoneId></item></availabilityZoneInfo></DescribeAvailabilityZonesResponse>`;

const AWS_KEYS = { region: "eu-west-1", access_key: "AKID", secret_key: "secret" };

/** @param url  of the server that plays them. */
export function discoveryCases(url: string): readonly DiscoveryCase[] {
  const docker = { host: url };
  const containers = engine({ "containers/json": DOCKER_CONTAINERS, networks: DOCKER_NETWORKS });
  const swarm = engine({ nodes: SWARM_NODES, services: SWARM_SERVICES, tasks: SWARM_TASKS, networks: DOCKER_NETWORKS });
  return [
    {
      name: "docker",
      mechanism: "docker",
      section: { ...docker, port: 9100 },
      answers: containers,
      newerLabels: DOCKER_NEWER,
    },
    {
      name: "docker_all_networks",
      mechanism: "docker",
      newerLabels: DOCKER_NEWER,
      section: {
        ...docker,
        match_first_network: false,
        host_networking_host: "the-host:1",
        filters: [{ name: "name", values: ["w", "x"] }],
      },
      answers: containers,
    },
    ...["nodes", "services", "tasks"].map(
      (role): DiscoveryCase => ({
        name: `dockerswarm_${role}`,
        mechanism: "dockerswarm",
        section: { ...docker, role, port: 9323 },
        answers: swarm,
      }),
    ),
    {
      name: "digitalocean",
      mechanism: "digitalocean",
      section: {},
      answers: {
        "GET api.digitalocean.com/v2/droplets": page({
          droplets: DROPLETS,
          links: {
            pages: {
              last: "https://api.digitalocean.com/v2/droplets?page=2",
              next: "https://api.digitalocean.com/v2/droplets?page=2",
            },
          },
          meta: { total: 3 },
        }),
        "GET api.digitalocean.com/v2/droplets?page=2": page({
          droplets: DROPLETS_2,
          links: {
            pages: {
              first: "https://api.digitalocean.com/v2/droplets?page=1",
              prev: "https://api.digitalocean.com/v2/droplets?page=1",
            },
          },
          meta: { total: 3 },
        }),
      },
    },
    {
      name: "hetzner_hcloud",
      mechanism: "hetzner",
      section: { role: "hcloud", port: 9100 },
      newerLabels: /^__meta_hetzner_(hcloud_location|hcloud_location_network_zone)$/,
      answers: {
        "GET api.hetzner.cloud/v1/servers": page(HETZNER_SERVERS),
        "GET api.hetzner.cloud/v1/networks": page(HETZNER_NETWORKS),
      },
    },
    {
      name: "hetzner_robot",
      mechanism: "hetzner",
      newerLabels: /^__meta_hetzner_robot_datacenter$/,
      section: { role: "robot", basic_auth: { username: "u", password: "p" } },
      answers: {
        "GET robot-ws.your-server.de/server": [
          {
            server: {
              server_ip: "123.123.123.123",
              server_number: 321,
              server_name: "server1",
              product: "DS 3000",
              dc: "NBG1-DC1",
              status: "ready",
              cancelled: false,
              subnet: [{ ip: "2a01:4f8:111:4221::", mask: "64" }],
            },
          },
          {
            server: {
              server_ip: "123.123.123.124",
              server_number: 421,
              server_name: "server2",
              product: "X5",
              dc: "FSN1-DC10",
              status: "in process",
              cancelled: true,
              subnet: null,
            },
          },
        ],
      },
    },
    {
      name: "ionos",
      mechanism: "ionos",
      section: { datacenter_id: "8feda53f-15f0-447f-badf-ebe32dad2fc0", authorization: { credentials: "t" } },
      answers: {
        "GET api.ionos.com/cloudapi/v6/datacenters/8feda53f-15f0-447f-badf-ebe32dad2fc0/servers": page({
          id: "8feda53f/servers",
          type: "collection",
          items: [
            {
              id: "d6bf44ee",
              metadata: { state: "AVAILABLE" },
              properties: {
                name: "prometheus-1",
                cores: 1,
                ram: 1024,
                availabilityZone: "ZONE_1",
                vmState: "RUNNING",
                cpuFamily: "INTEL_SKYLAKE",
                type: "ENTERPRISE",
                bootVolume: { id: "vol-1" },
              },
              entities: {
                volumes: { items: [{ id: "vol-1", properties: { image: "img-1" } }] },
                nics: {
                  items: [
                    { id: "nic-1", properties: { name: "meta nic", ips: ["85.215.1.1", "85.215.1.2"] } },
                    { id: "nic-2", properties: { ips: ["10.7.0.1"] } },
                  ],
                },
              },
            },
            {
              id: "no-ip",
              metadata: { state: "BUSY" },
              properties: { name: "none" },
              entities: { nics: { items: [] } },
            },
          ],
        }),
      },
    },
    {
      name: "linode",
      mechanism: "linode",
      section: { authorization: { credentials: "t" } },
      answers: {
        "GET api.linode.com/v4/linode/instances": linodePage([
          {
            id: 26838044,
            label: "prometheus-linode-sd-exporter-1",
            group: "g",
            status: "running",
            created: "2021-05-12T04:23:44",
            updated: "2021-05-12T04:23:44",
            type: "g6-standard-2",
            ipv4: ["45.33.82.151", "96.126.108.16", "192.168.170.51", "192.168.201.25"],
            ipv6: "2600:3c03::f03c:92ff:fe1a:1382/128",
            image: "linode/arch",
            region: "us-east",
            specs: { disk: 81920, memory: 4096, vcpus: 2, gpus: 1, transfer: 4000 },
            alerts: {},
            backups: { enabled: true },
            hypervisor: "kvm",
            tags: ["monitoring", "web"],
          },
          {
            id: 2,
            label: "no-ip",
            ipv4: [],
            specs: {},
            backups: {},
            created: "2021-05-12T04:23:44",
            updated: "2021-05-12T04:23:44",
          },
        ]),
        "GET api.linode.com/v4/networking/ips": linodePage([
          {
            address: "45.33.82.151",
            type: "ipv4",
            public: true,
            rdns: "li1028-151.members.linode.com",
            linode_id: 26838044,
          },
          {
            address: "96.126.108.16",
            type: "ipv4",
            public: true,
            rdns: "li365-16.members.linode.com",
            linode_id: 26838044,
          },
          { address: "192.168.170.51", type: "ipv4", public: false, rdns: null, linode_id: 26838044 },
          { address: "192.168.201.25", type: "ipv4", public: false, rdns: null, linode_id: 26838044 },
          { address: "2600:3c03::f03c:92ff:fe1a:1382", type: "ipv6", public: true, rdns: null, linode_id: 26838044 },
        ]),
        "GET api.linode.com/v4/networking/ipv6/ranges": linodePage([
          {
            range: "2600:3c03:e000:123::",
            prefix: 64,
            region: "us-east",
            route_target: "2600:3c03::f03c:92ff:fe1a:1382",
          },
        ]),
        "GET api.linode.com/v4/account/events": linodePage([]),
      },
    },
    {
      name: "vultr",
      mechanism: "vultr",
      section: { authorization: { credentials: "t" } },
      answers: {
        "GET api.vultr.com/v2/instances": page({
          instances: [
            {
              id: "4f0f12e5",
              os: "CentOS 8",
              os_id: 362,
              ram: 2048,
              disk: 55,
              main_ip: "192.0.2.123",
              v6_main_ip: "2001:0db8::100",
              internal_ip: "10.1.0.2",
              vcpu_count: 1,
              region: "atl",
              plan: "vc2-1c-2gb",
              status: "active",
              server_status: "ok",
              allowed_bandwidth: 2000,
              label: "web",
              hostname: "web-host",
              tags: ["a", "b"],
              features: ["ddos_protection"],
            },
          ],
          meta: { total: 2, links: { next: "bmV4dA==", prev: "" } },
        }),
        "GET api.vultr.com/v2/instances?cursor=bmV4dA%3D%3D&per_page=100": page({
          instances: [{ id: "second", main_ip: "192.0.2.124", label: "last" }],
          meta: { total: 2, links: { next: "", prev: "" } },
        }),
        "GET api.vultr.com/v2/instances?per_page=100&cursor=bmV4dA%3D%3D": page({
          instances: [{ id: "second", main_ip: "192.0.2.124", label: "last" }],
          meta: { total: 2, links: { next: "", prev: "" } },
        }),
      },
    },
    {
      name: "scaleway_instance",
      mechanism: "scaleway",
      section: {
        role: "instance",
        project_id: "8feda53f-15f0-447f-badf-ebe32dad2fc0",
        access_key: "SCWXXXXXXXXXXXXXXXXX",
        secret_key: "6d6579e5-a5b9-49fc-a35f-b4feb9b87301",
        api_url: url,
        tags_filter: ["tagged"],
      },
      newerLabels: /^__meta_scaleway_instance_public_ipv[46]_addresses$/,
      answers: {
        "GET 127.0.0.1/instance/v1/zones/fr-par-1/servers": page(
          {
            servers: [
              {
                id: "93c18a61-b681-49d0-a1cc-62b43883ae89",
                name: "scw-nervous",
                hostname: "scw-nervous-host",
                organization: "cb334986",
                project: "20b3d507",
                commercial_type: "DEV1-S",
                state: "running",
                boot_type: "local",
                tags: ["one", "two"],
                image: { id: "45a86b35", name: "Ubuntu 24.04", arch: "x86_64" },
                location: { zone_id: "fr-par-1", cluster_id: "40", hypervisor_id: "1601", node_id: "29" },
                security_group: { id: "a6a794b7", name: "Default" },
                private_ip: "10.70.60.57",
                public_ip: { id: "ip1", address: "51.15.1.1", dynamic: false, family: "inet" },
                ipv6: null,
                public_ips: [],
                private_nics: [],
                zone: "fr-par-1",
              },
              {
                id: "5b6198b4-c677-41b5-9c05-04557264ae1f",
                name: "public-only",
                hostname: "public-only",
                organization: "cb334986",
                project: "20b3d507",
                commercial_type: "DEV1-S",
                state: "stopped",
                boot_type: "local",
                tags: [],
                image: null,
                location: null,
                security_group: null,
                private_ip: null,
                public_ip: { id: "ip2", address: "51.15.1.2", dynamic: false, family: "inet" },
                ipv6: null,
                public_ips: [],
                private_nics: [],
                zone: "fr-par-1",
              },
            ],
          },
          { "x-total-count": "2" },
        ),
      },
    },
    {
      name: "scaleway_baremetal",
      mechanism: "scaleway",
      section: {
        role: "baremetal",
        project_id: "8feda53f-15f0-447f-badf-ebe32dad2fc0",
        access_key: "SCWXXXXXXXXXXXXXXXXX",
        secret_key: "6d6579e5-a5b9-49fc-a35f-b4feb9b87301",
        api_url: url,
        zone: "fr-par-2",
      },
      answers: {
        "GET 127.0.0.1/baremetal/v1/zones/fr-par-2/servers": page({
          total_count: 1,
          servers: [
            {
              id: "b1",
              project_id: "p",
              name: "metal",
              status: "ready",
              offer_id: "o1",
              tags: ["x"],
              zone: "fr-par-2",
              install: { os_id: "os1", hostname: "h", status: "completed" },
              ips: [
                { id: "6", address: "2001:db8::9", version: "IPv6" },
                { id: "4", address: "51.1.1.1", version: "IPv4" },
              ],
            },
          ],
        }),
        "GET 127.0.0.1/baremetal/v1/zones/fr-par-2/offers": page({
          total_count: 1,
          offers: [{ id: "o1", name: "EM-A210R" }],
        }),
        "GET 127.0.0.1/baremetal/v1/zones/fr-par-2/os": page({
          total_count: 1,
          os: [{ id: "os1", name: "Ubuntu", version: "24" }],
        }),
      },
    },
    {
      name: "eureka",
      mechanism: "eureka",
      section: { server: `${url}/eureka/v2` },
      answers: { "GET 127.0.0.1/eureka/v2/apps": page(EUREKA) },
    },
    {
      name: "puppetdb",
      mechanism: "puppetdb",
      section: { url: `${url}/puppet`, query: 'resources { type = "Class" }', include_parameters: true, port: 81 },
      answers: {
        "POST 127.0.0.1/puppet/pdb/query/v4": [
          {
            certname: "edinburgh.example.com",
            resource: "49af83866dc5a1518968b68e58a25319107afe11",
            type: "Class",
            title: "Roles::Hypervisor",
            exported: false,
            tags: ["roles::hypervisor", "apache"],
            file: "/etc/puppetlabs/code/x.pp",
            environment: "prod",
            parameters: {
              access_log: true,
              access_log_file: "ssl_access_log",
              port: 22.5,
              none: null,
              list: ["a", 1, false],
              nested: { "sub-key": "v", n: 3 },
            },
          },
          {
            certname: "b",
            resource: "r",
            type: "T",
            title: "t",
            exported: true,
            tags: [],
            file: "",
            environment: "e",
            parameters: {},
          },
        ],
      },
    },
    {
      name: "marathon",
      mechanism: "marathon",
      section: { servers: [`${url}/marathon`], auth_token: "t" },
      answers: {
        "GET 127.0.0.1/marathon/v2/apps/": page({
          apps: [
            {
              id: "/web",
              labels: { "prometheus-path": "/m" },
              container: {
                docker: { image: "repo/image:tag" },
                portMappings: [{ labels: { a: "b" }, hostPort: 0, containerPort: 80 }],
              },
              networks: [{ mode: "container/bridge" }],
              tasks: [
                {
                  id: "web-1",
                  host: "mesos-slave1",
                  ports: [31000],
                  ipAddresses: [{ ipAddress: "172.1.1.1", protocol: "IPv4" }],
                },
                { id: "web-2", host: "mesos-slave2", ports: [31001] },
              ],
            },
            {
              id: "/in-net",
              container: { docker: { image: "i" }, portMappings: [{ containerPort: 8080, labels: {} }] },
              networks: [{ mode: "container", name: "n" }],
              tasks: [
                {
                  id: "n-1",
                  host: "mesos-slave1",
                  ports: [1],
                  ipAddresses: [{ ipAddress: "1.2.3.4", protocol: "IPv4" }],
                },
              ],
            },
            {
              id: "/definitions",
              container: { docker: { image: "d" } },
              portDefinitions: [{ port: 100, labels: { metrics: "yes" } }, { port: 101 }],
              requirePorts: true,
              tasks: [{ id: "d-1", host: "h", ports: [5, 6] }],
            },
            { id: "/ports", container: { docker: { image: "p" } }, tasks: [{ id: "p-1", host: "h2", ports: [7] }] },
          ],
        }),
      },
    },
    {
      name: "uyuni",
      mechanism: "uyuni",
      section: { server: `${url}/uyuni`, username: "u", password: "p&<" },
      answers: {
        "POST 127.0.0.1/uyuni/rpc/api auth.login": xmlRpc("the-token"),
        "POST 127.0.0.1/uyuni/rpc/api listSystemGroups": xmlRpc(
          array(
            `<struct>${member("id", "<i4>1000010001</i4>")}${member("name", "x")}${member(
              "system_groups",
              array(
                `<struct>${member("id", "<i4>1</i4>")}${member("name", "group1")}</struct>`,
                `<struct>${member("id", "<i4>2</i4>")}${member("name", "group2")}</struct>`,
              ),
            )}</struct>`,
          ),
        ),
        "POST 127.0.0.1/uyuni/rpc/api listEndpoints": xmlRpc(
          array(
            `<struct>${member("system_id", "<i4>1000010001</i4>")}${member("endpoint_name", "Node exporter")}${member("exporter_name", "node_exporter")}${member("module", "")}${member("path", "")}${member("port", "<i4>9100</i4>")}${member("tls_enabled", "<boolean>0</boolean>")}</struct>`,
            `<struct>${member("system_id", "<i4>1000010001</i4>")}${member("endpoint_name", "Apache")}${member("exporter_name", "apache")}${member("module", "m")}${member("path", "/p")}${member("port", "<i4>9117</i4>")}${member("tls_enabled", "<boolean>1</boolean>")}</struct>`,
          ),
        ),
        "POST 127.0.0.1/uyuni/rpc/api getNetworkForSystems": xmlRpc(
          array(
            `<struct>${member("system_id", "<i4>1000010001</i4>")}${member("hostname", "client.test")}${member("primary_fqdn", "client.fqdn")}${member("ip", "10.1.1.1")}</struct>`,
          ),
        ),
      },
    },
    {
      name: "ec2",
      mechanism: "ec2",
      newerLabels: /^__meta_ec2_default_ipv6_address$/,
      section: {
        ...AWS_KEYS,
        endpoint: `${url}/ec2`,
        port: 9100,
        filters: [{ name: "instance-state-name", values: ["running", "stopped"] }],
      },
      answers: {
        "POST 127.0.0.1/ec2 DescribeInstances": page(EC2_INSTANCES),
        "POST 127.0.0.1/ec2/ DescribeInstances": page(EC2_INSTANCES),
        "POST 127.0.0.1/ec2 DescribeAvailabilityZones": page(EC2_ZONES),
        "POST 127.0.0.1/ec2/ DescribeAvailabilityZones": page(EC2_ZONES),
      },
    },
    {
      name: "lightsail",
      mechanism: "lightsail",
      section: { ...AWS_KEYS, endpoint: `${url}/lightsail` },
      answers: Object.fromEntries(
        ["", "/"].map((end) => [
          `POST 127.0.0.1/lightsail${end}`,
          page(
            {
              instances: [
                {
                  name: "WordPress-1",
                  blueprintId: "wordpress",
                  bundleId: "nano_2_0",
                  location: { availabilityZone: "eu-west-1a", regionName: "eu-west-1" },
                  privateIpAddress: "172.26.4.1",
                  publicIpAddress: "54.2.2.2",
                  ipv6Addresses: ["2001:db8::5"],
                  state: { code: 16, name: "running" },
                  supportCode: "1/2",
                  tags: [{ key: "team name", value: "a" }],
                },
              ],
            },
            { "content-type": "application/x-amz-json-1.1" },
          ),
        ]),
      ),
    },
  ];
}
