using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text;
using Telelaunch.Routing.Filter;
using Telelaunch.Routing.Links;
using Telelaunch.Routing.Netlink;

namespace Telelaunch.Routing.Tests.Netlink;

/// <summary>The kernel's numbers as a C compiler of this machine knows them.</summary>
public class KernelNumbersTests
{
    private const string Headers = """
        #define _GNU_SOURCE
        #include <stdio.h>
        #include <netinet/in.h>
        #include <linux/netlink.h>
        #include <linux/rtnetlink.h>
        #include <linux/if_link.h>
        #include <linux/if_addr.h>
        #include <linux/netfilter.h>
        #include <linux/netfilter/nfnetlink.h>
        #include <linux/netfilter/nf_tables.h>
        #include <linux/netfilter/nfnetlink_queue.h>
        #include <linux/netfilter/xt_NFQUEUE.h>
        #ifndef IFF_UP
        #define IFF_UP 1
        #endif
        int main(void) {
        """;

    [Theory]
    [InlineData(typeof(NfTables))]
    [InlineData(typeof(NfExpressions))]
    [InlineData(typeof(SynQueue))]
    [InlineData(typeof(RtNetlink))]
    [InlineData(typeof(NetlinkSocket))]
    [InlineData(typeof(NetlinkFault))]
    [InlineData(typeof(TransparentListener))]
    [InlineData(typeof(CatchRules))]
    public void Constants_AreThoseOfTheHeaders(Type type)
    {
        var constants = type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
            .Where(field => field.IsLiteral && field.Name.Contains('_', StringComparison.Ordinal) && !field.Name.StartsWith("TYPE_", StringComparison.Ordinal))
            .ToDictionary(field => field.Name, field => Convert.ToInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture));
        Assert.NotEmpty(constants);

        Assert.Equal(
            string.Join('\n', constants.Select(constant => $"{constant.Key} {constant.Value}")),
            CompileAndRun(string.Concat(constants.Keys.Select(name => $"printf(\"{name} %lld\\n\", (long long)({InC(name)}));\n"))));
    }

    [Fact]
    public void Structures_AreAsLongAsTheyAreWritten()
    {
        Assert.Equal("16 12 8 16 4 8 8 5 7 8 8", CompileAndRun("""
            printf("%zu %zu %zu %zu %zu %zu %zu %zu %zu %zu %zu\n", sizeof(struct nlmsghdr), sizeof(struct rtmsg), sizeof(struct ifaddrmsg), sizeof(struct ifinfomsg), sizeof(struct nfgenmsg),
                sizeof(struct nfqnl_msg_verdict_hdr), sizeof(struct rtnexthop), sizeof(struct nfqnl_msg_config_params), sizeof(struct nfqnl_msg_packet_hdr), (sizeof(struct xt_NFQ_info_v3) + 7) / 8 * 8,
                sizeof(struct nlattr) * 2);
            """));
    }

    // Message types carry the number of their subsystem.
    private static string InC(string name)
    {
        string subsystem = name.StartsWith("NFQNL_MSG_", StringComparison.Ordinal) ? "NFNL_SUBSYS_QUEUE" : "NFNL_SUBSYS_NFTABLES";
        return name.StartsWith("NFNL_SUBSYS_", StringComparison.Ordinal) ? $"{name} << 8"
            : name.StartsWith("NFT_MSG_", StringComparison.Ordinal) || name.StartsWith("NFQNL_MSG_", StringComparison.Ordinal) ? $"{subsystem} << 8 | {name}"
            : name;
    }

    private static string CompileAndRun(string body)
    {
        string directory = Directory.CreateTempSubdirectory("tl").FullName;
        try
        {
            string source = Path.Combine(directory, "numbers.c");
            string program = Path.Combine(directory, "numbers");
            File.WriteAllText(source, new StringBuilder(Headers).Append('\n').Append(body).Append("return 0; }\n").ToString());
            using Process compiler = Process.Start(new ProcessStartInfo("cc", ["-o", program, source]) { RedirectStandardError = true })!;
            string errors = compiler.StandardError.ReadToEnd();
            compiler.WaitForExit();
            Assert.True(compiler.ExitCode == 0, errors);
            using Process run = Process.Start(new ProcessStartInfo(program) { RedirectStandardOutput = true })!;
            string output = run.StandardOutput.ReadToEnd();
            run.WaitForExit();
            return output.TrimEnd('\n');
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
