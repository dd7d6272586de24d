# What `nix flake check` does beyond evaluation: the packages, both kinds of agents' systems, a host, and its virtual
# machine. tests/nix holds what is checked without nixpkgs.
{
  self,
  nixpkgs,
  system,
}:
let
  pkgs = nixpkgs.legacyPackages.${system};
  agent =
    role:
    (self.lib.mkAgent {
      name = if role == "manager" then "manager" else "coder";
      inherit role system;
      module = {
        hyperhive.model = "opus";
      };
    }).config.system.build.toplevel;
in
{
  inherit (self.packages.${system}) hyperhive page;
  agent = agent "agent";
  manager = agent "manager";
  vm = import ./vm.nix { inherit self pkgs; };
}
