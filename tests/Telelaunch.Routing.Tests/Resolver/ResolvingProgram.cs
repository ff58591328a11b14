using Telelaunch.Net;
using Telelaunch.Routing.Journal;
using Telelaunch.Routing.Links;
using Telelaunch.Routing.Resolver;

namespace Telelaunch.Routing.Tests.Resolver;

/// <summary>Splits the name resolution of the namespaces that it is started in: <c>dotnet Telelaunch.Routing.Tests.dll resolve</c>, a command a line on standard input, each answered by lines and a last one <c>done</c>.</summary>
internal static class ResolvingProgram
{
    public static readonly SplitNames Names = new(
        ["default.svc.cluster.local", "svc.cluster.local", "cluster.local"],
        ["cluster.local", "svc", "default", "96.10.in-addr.arpa"]);

    public static int Run()
    {
        var paths = new HostPaths();
        HostResolver? resolver = null;
        HostJournal? journal = null;
        HostLink? link = null;
        Say($"process {Environment.ProcessId}");
        while (Console.ReadLine() is { } command)
        {
            try
            {
                switch (command.Split(' '))
                {
                    case ["find"]:
                        resolver = HostResolverSearch.Find(paths, TimeProvider.System);
                        Say($"found {resolver.Name}");
                        Say($"upstreams {string.Join(' ', resolver.Upstreams)}");
                        resolver.UpstreamsChanged += upstreams => Say($"upstreams {string.Join(' ', upstreams)}");
                        resolver.Told += line => Say($"told {line}");
                        break;
                    case ["find-resolvectl"]:
                        resolver = HostResolverSearch.Find(paths, TimeProvider.System, ResolvectlProgram.Open);
                        Say($"found {resolver.Name}");
                        break;
                    case ["link"]:
                        link = HostLink.Create("telelaunch0", "a test");
                        link.SetUp();
                        link.AddAddress(CaughtNamespace.Own4);
                        break;
                    case ["unlink"]:
                        link!.Dispose();
                        break;
                    case ["apply"]:
                        journal = HostJournal.Open(paths, TimeProvider.System);
                        resolver!.Apply(Names, new(link?.Name ?? "", link?.Index ?? 0), journal);
                        break;
                    case ["undo"]:
                        resolver!.Dispose();
                        journal!.Dispose();
                        break;
                    case ["undo-others"]:
                        HostUndoReport report = HostUndo.Run(paths, _ => true, TimeSpan.FromSeconds(5));
                        foreach (string line in report.Done) Say($"undone {line}");
                        foreach (string line in report.Left) Say($"left {line}");
                        foreach (JournalOwner owner in report.Living) Say($"living {owner.ProcessId}");
                        break;
                    default:
                        Say($"unknown {command}");
                        break;
                }
            }
            catch (HostException error)
            {
                journal?.Dispose();
                Say($"failed {error.Code}: {error.Message} / {error.Remedy}");
            }
            Say("done");
        }
        return 0;
    }

    private static void Say(string line)
    {
        lock (Console.Out) Console.WriteLine(line);
    }
}
