using System.Diagnostics;
using Telelaunch.Net;
using Telelaunch.Routing.Filter;
using Telelaunch.Routing.Links;

namespace Telelaunch.Routing.Tests;

/// <summary>Holds everything that the kernel must remove by itself, until its input ends or it is killed: <c>dotnet Telelaunch.Routing.Tests.dll hold</c>; with <c>resolve</c> it is another program.</summary>
internal static class HoldingProgram
{
    public const string Alias = "a holding program, since noon";

    /// <summary>Starts it in a namespace, as the last arguments of another program where one is given, and waits for its first line: <c>ready</c>, or the code of its failure.</summary>
    public static (Process Process, string? FirstLine) Start(NetworkNamespace where, params string[] wrapper)
    {
        string[] command = [.. wrapper, Environment.ProcessPath!, "exec", typeof(HoldingProgram).Assembly.Location, "hold"];
        Process process = where.Start(command[0], command[1..]);
        return (process, process.StandardOutput.ReadLine());
    }

    public static int Main(string[] arguments)
    {
        if (arguments is ["resolve"])
            return Resolver.ResolvingProgram.Run();
        if (arguments is not ["hold"])
            return 2;
        try
        {
            using HostLink link = HostLink.Create("telelaunch0", Alias);
            bool hasIpv6 = link.SetUp();
            link.AddAddress(CaughtNamespace.Own4);
            link.AddAddress(CaughtNamespace.Own6);
            link.AddLocalRoute(CaughtNamespace.Range4, CaughtNamespace.Own4);
            link.AddLocalRoute(CaughtNamespace.Range6, CaughtNamespace.Own6);
            using TransparentListener listener = TransparentListener.Open(hasIpv6);
            using SynQueue queue = SynQueue.Open(_ => { });
            using CatchTable table = CatchTable.Create(new CatchTableLayout(listener.Port4, listener.Port6, queue.Number, [CaughtNamespace.Range4, CaughtNamespace.Range6]));
            Console.WriteLine("ready");
            Console.In.ReadToEnd();
            return 0;
        }
        catch (HostException error)
        {
            Console.WriteLine($"{error.Code}: {error.Message} {error.Remedy}");
            return 1;
        }
    }
}
