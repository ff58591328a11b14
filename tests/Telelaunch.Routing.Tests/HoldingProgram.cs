using Telelaunch.Routing.Filter;
using Telelaunch.Routing.Links;

namespace Telelaunch.Routing.Tests;

/// <summary>Holds everything that the kernel must remove by itself, until it is killed: <c>dotnet Telelaunch.Routing.Tests.dll hold</c>; with <c>resolve</c> it is another program.</summary>
internal static class HoldingProgram
{
    public static int Main(string[] arguments)
    {
        if (arguments is ["resolve"])
            return Resolver.ResolvingProgram.Run();
        if (arguments is not ["hold"])
            return 2;
        using HostLink link = HostLink.Create("telelaunch0", "a holding program");
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
}
