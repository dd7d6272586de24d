# The system of an agent's container: small, without network settings of its own (it shares the host's), with the
# tools that an agent can be expected to know.
{ lib, pkgs, ... }:
{
  imports = [ ./harness-base.nix ];

  boot.isNspawnContainer = true;
  system.stateVersion = lib.mkDefault "26.05";

  # The network is the host's: nothing in here may configure it.
  networking.useDHCP = false;
  networking.firewall.enable = false;

  documentation.enable = lib.mkDefault false;
  environment.systemPackages = [
    pkgs.git
    pkgs.curl
    pkgs.jq
    pkgs.ripgrep
  ];
}
