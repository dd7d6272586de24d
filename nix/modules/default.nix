# The modules that the flake hands out: `default` for the host, the others for agents' containers.
{ self, packagesFor }:
let
  host =
    { lib, pkgs, ... }:
    {
      imports = [ ./host ];
      services.hyperhive = {
        package = lib.mkDefault (packagesFor pkgs.stdenv.hostPlatform.system).default;
        flake = lib.mkDefault "path:${self}";
      };
    };
in
{
  inherit host;
  default = host;
  harness-base = ./agent/harness-base.nix;
  agent-base = ./agent/agent-base.nix;
  manager = ./agent/manager.nix;
}
