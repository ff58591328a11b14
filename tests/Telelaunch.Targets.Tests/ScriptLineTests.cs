using Xunit;

namespace Telelaunch.Targets.Tests;

public sealed class ScriptLineTests(Programs programs) : IClassFixture<Programs>
{
    [Theory]
    [InlineData("#!/bin/sh\necho", "/bin/sh", null)]
    [InlineData("#! \t/bin/sh -e -u \nx", "/bin/sh", "-e -u")]
    [InlineData("#!/usr/bin/env -S python3 -u", "/usr/bin/env", "-S python3 -u")]
    public void Line_IsReadAsTheKernelDoes(string text, string interpreter, string? argument) =>
        Assert.Equal(new ScriptLine(interpreter, argument), ScriptLine.Read(programs.Script("script", text)));

    [Theory]
    [InlineData("echo no line")]
    [InlineData("#!\n/bin/sh")]
    [InlineData("#")]
    public void NoInterpreter_IsNull(string text) => Assert.Null(ScriptLine.Read(programs.Script("no-script", text)));

    [Theory]
    [InlineData("python3", "python3")]
    [InlineData("-S python3 -u", "python3")]
    [InlineData("-S A=b -i node --inspect", "node")]
    [InlineData("--split-string=ruby -w", "ruby")]
    [InlineData("-i", null)]
    public void Env_LeadsToItsProgram(string argument, string? program) => Assert.Equal(program, new ScriptLine("/usr/bin/env", argument).NameForEnv());

    [Fact]
    public void OtherInterpreter_LeadsNowhere() => Assert.Null(new ScriptLine("/bin/sh", "python3").NameForEnv());
}
