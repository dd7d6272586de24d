# What the meta flake calls: one agent's system.
{
  nixpkgs,
  packagesFor,
  modules,
}:
{
  # `module` is the agent's own (its applied repository); `role` is "agent" or "manager".
  mkAgent =
    {
      name,
      module,
      role ? "agent",
      system ? "x86_64-linux",
    }:
    let
      base =
        {
          agent = modules.agent-base;
          manager = modules.manager;
        }
        .${role} or (throw "hyperhive.lib.mkAgent: role is \"agent\" or \"manager\", not \"${role}\"");
    in
    nixpkgs.lib.nixosSystem {
      inherit system;
      modules = [
        base
        module
        {
          networking.hostName = nixpkgs.lib.mkDefault name;
          hyperhive.package = nixpkgs.lib.mkDefault (packagesFor system).default;
        }
      ];
    };
}
