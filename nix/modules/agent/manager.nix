# What only the manager's system has: nix, to check configurations that it proposes.
{ pkgs, ... }:
{
  imports = [ ./agent-base.nix ];

  nix.settings.experimental-features = [
    "nix-command"
    "flakes"
  ];
  environment.systemPackages = [ pkgs.nix ];
}
