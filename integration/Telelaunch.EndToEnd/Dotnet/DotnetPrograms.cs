using System.Text.RegularExpressions;

namespace Telelaunch.EndToEnd.Dotnet;

/// <summary>What <c>make dotnet-programs</c> has made: the program <c>calls</c> in each form for each runtime, and an SDK with all the runtimes.</summary>
internal static class DotnetPrograms
{
    public static readonly string[] Runtimes = ["net8.0", "net9.0", "net10.0"];

    /// <summary>The clients that <c>calls</c> asks by, and what each answers at the least.</summary>
    public static readonly IReadOnlyDictionary<string, string> Clients = new Dictionary<string, string>
    {
        ["HttpClient"] = "hello",
        ["TcpClient"] = "over TCP",
        ["Dns"] = "1",
        ["Grpc.Net.Client"] = "over gRPC",
        ["Npgsql"] = "42",
        ["StackExchange.Redis"] = "1",
    };

    private static readonly string Folder = Path.Combine(TestCluster.Root, "artifacts", "dotnet");

    /// <summary>DOTNET_ROOT with all the runtimes.</summary>
    public static string Root { get; } = Path.Combine(Folder, "root");

    /// <summary>Has programs find their runtime in <see cref="Root"/>. The runner of these tests sets the variable that names the architecture, which comes first.</summary>
    public static readonly (string Name, string? Value)[] Variables = [("DOTNET_ROOT", Root), ("DOTNET_ROOT_X64", null)];

    /// <summary><c>telelaunch run</c> up to the command, with the startup hook, whose word is heard with <c>-v</c>; the log is kept off standard error.</summary>
    public static string[] RunWithHook(TestCluster cluster) => ["run", "-v", "--log-file", Path.Combine(cluster.Scratch, "dotnet.log"), "--"];

    /// <summary>How often the hook has said that an application of this name is in.</summary>
    public static int TimesIn(string errors, string application, string version = "") =>
        Regex.Count(errors, $@"^telelaunch: in: [0-9]+ {Regex.Escape(application)}, \.NET {Regex.Escape(version)}", RegexOptions.Multiline);

    /// <summary>The muxer of <see cref="Root"/>.</summary>
    public static string Muxer { get; } = Path.Combine(Root, "dotnet");

    /// <summary>Where <c>dotnet-trace</c> is.</summary>
    public static string Tools { get; } = Path.Combine(Folder, "tools");

    /// <summary>Source folder of a project in <c>integration/dotnet</c>.</summary>
    public static string Project(string name) => Path.Combine(TestCluster.Root, "integration", "dotnet", name);

    public static string File(string runtime, string form, string name = "calls") => Path.Combine(Folder, runtime, form, name);

    /// <summary>The ways to start <c>calls</c> once it is built, each with its command.</summary>
    public static IReadOnlyList<string> Command(string runtime, string form) => form switch
    {
        "muxer" => [Muxer, File(runtime, "framework-dependent", "calls.dll")],
        "muxer-exec" => [Muxer, "exec", File(runtime, "framework-dependent", "calls.dll")],
        "apphost" => [File(runtime, "framework-dependent")],
        _ => [File(runtime, form)],
    };

    /// <summary>Those without the code that runs hooks.</summary>
    public static readonly string[] FormsWithoutHooks = ["trimmed", "native-aot"];

    public static readonly string[] Forms =
        ["muxer", "muxer-exec", "apphost", "self-contained", "single-file-framework-dependent", "single-file", "trimmed", "native-aot"];
}
