# A host with a swarm, up to the agents: their systems are built from the network, which a test has not.
{ self, pkgs }:
pkgs.testers.runNixOSTest {
  name = "hyperhive";

  nodes.host = {
    imports = [ self.nixosModules.default ];
    services.hyperhive.enable = true;
    virtualisation.memorySize = 2048;
  };

  testScript = ''
    services = ["broker", "approvals", "lifecycle", "revoker", "dashboard"]
    host.wait_for_unit("hyperhive.target")
    for service in services:
        host.wait_for_unit(f"hyperhive-{service}.service")

    with subtest("the operator's command reaches every service"):
        host.succeed("hive status --json >&2")
        host.succeed("hive open | grep -q http://127.0.0.1:7100/")

    with subtest("the page is served on loopback only"):
        host.succeed("curl -fsS http://127.0.0.1:7100/ >&2")
        host.fail("ss -Htln | grep -v -e 127.0.0.1 -e '\\[::1\\]' | grep -e :7100 -e :4222")

    with subtest("a service that is killed comes back"):
        before = host.succeed("systemctl show -P MainPID hyperhive-broker")
        host.succeed("systemctl kill -s KILL hyperhive-broker")
        host.wait_until_succeeds(f"test $(systemctl show -P MainPID hyperhive-broker) != {before.strip()}")
        host.wait_for_unit("hyperhive-broker.service")

    with subtest("keys survive a restart of everything"):
        before = host.succeed("sha256sum /var/lib/hyperhive/keys/*.seed")
        host.succeed("systemctl restart hyperhive.target")
        host.wait_until_succeeds("hive status --json >&2")
        assert before == host.succeed("sha256sum /var/lib/hyperhive/keys/*.seed")
  '';
}
