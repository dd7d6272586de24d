# What this agent needs beyond what every agent has: packages, services, options.
{ ... }:
{
}
