# What this agent needs beyond what every agent has: packages, services, options.
# What hyperhive itself needs to know is in ./agent.toml; an option that is set in this file wins.
{ lib, ... }:
{
  imports = [
    { hyperhive = lib.mapAttrsRecursive (_: lib.mkDefault) (builtins.fromTOML (builtins.readFile ./agent.toml)); }
  ];
}
