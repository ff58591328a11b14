using Telelaunch.Agent;
using Telelaunch.Agent.Ssh;
using Telelaunch.Net;

// telelaunch-agent          run the agent
// telelaunch-agent ready    exit code 0 when both ports are listened on (the pod's exec probe)
// telelaunch-agent usage    print what the running agent holds: descriptors, threads, memory
// telelaunch-agent version  print the version
//
// As sshd's login shell, without arguments: hand the channel to the agent; with -c COMMAND: refuse.
try
{
    switch (args)
    {
        case [] when LoginShell.IsThis:
            return LoginShell.Run();
        case []:
            return await new AgentProcess(AgentSettings.Read(Environment.GetEnvironmentVariable), TimeProvider.System).RunAsync();
        case ["ready"]:
            AgentSettings settings = AgentSettings.Read(Environment.GetEnvironmentVariable);
            string sockets = File.ReadAllText("/proc/net/tcp");
            return ListeningPorts.Contains(sockets, settings.AgentPort) && ListeningPorts.Contains(sockets, settings.SshPort) ? 0 : 1;
        case ["usage"]:
            Console.WriteLine(ProcessUsage.Read("/proc/1"));
            return 0;
        case ["version"]:
            Console.WriteLine(Pod.AgentVersion);
            return 0;
        case ["-c", ..]:
            Console.Error.WriteLine("telelaunch-agent: this session runs no commands");
            return 126;
        default:
            throw new UsageException("bad-arguments", $"'{string.Join(' ', args)}' isn't known.", "Give nothing, 'ready', 'usage' or 'version'.");
    }
}
catch (TelelaunchException error)
{
    AgentLog.Write(error);
    return error is UsageException ? 2 : 1;
}
